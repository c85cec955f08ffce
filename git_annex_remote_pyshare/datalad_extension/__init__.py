"""The DataLad extension: the command `datalad create-sibling-pyshare`.

DataLad reads `command_suite` at each of its starts, so this module imports nothing; pyshare works without DataLad.
"""

command_suite = (
    "Share datasets through the storage that you already have (pyshare)",
    [
        (
            "git_annex_remote_pyshare.datalad_extension.create_sibling",
            "CreateSiblingPyshare",
            "create-sibling-pyshare",
            "create_sibling_pyshare",
        )
    ],
)
"""Description of the extension, and of each command: its module, class, name in a shell and name in Python."""
