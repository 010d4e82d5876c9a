"""Load: Locust processes that send what a plan's profile says and write down every request.

Nothing else in the package imports Locust or gevent, and nothing imports this room: it runs in a process of its own.
"""
