"""Real Tryton servers on loopback, installed from the package registry by this project.

`python -m syncjobs.sandbox.tryton start DIR --port N` installs (once), prepares (once) and
starts two servers in DIR: `source` on port N (opportunities, projects, time sheets) and `erp`
on port N + 1 (customers, invoices), and feeds the source with a story. `stop DIR` ends only
what was started there. Standard library only, as everything in the sandbox.
"""
