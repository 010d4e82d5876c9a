"""Golden sets as files: manifests, likeness of cases, what a program was trained on, other tools' rows."""
