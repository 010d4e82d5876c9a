"""Mail as a mail server sees it: bytes, headers by several readers, addresses. Pure; total on any bytes."""
