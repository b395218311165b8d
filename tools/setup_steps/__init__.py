"""The set-up: from a fresh clone to a machine on which `kokunai rehearse up` and the tests run.

Standard library only, Python 3.11, no room of the project: it runs before any of them can be imported. It prepares
`.venv` and `.toolchain` and writes `.toolchain/toolchain.json`, which the rehearsal reads to know which `pulumi`,
`etcd`, … to start. It does not prepare anything of a rehearsal itself (plugins, certificates, state): `rehearsal` does.

Who does what: `main` puts the steps in order; `machine` says what is missing here and who can add it;
`python_packages`, `toolchain` and `debian` each do their part by calling the ordinary client (pip, go, apt-get) with
the user's own settings; `found` looks for tools that are installed already; `client` runs a client and keeps its log,
`diagnosis` turns its last words into one line and a remedy; `progress`, `lock`, `stamps` and `faults` serve them all.
"""
