"""Who writes the evidence: one process outside all user code, asked over a socket.

The client must cost a test worker next to nothing, so nothing is imported here: `broker.broker` owns a ledger,
`broker.server` serves it, `broker.launch` starts that process, `broker.client` asks it.
"""
