"""Each git that pyshare starts is the one of PATH: on Windows none of a stranger's dataset (see git_config.program)."""

import ast

from support.checkout import CHECKOUT

PACKAGE = CHECKOUT / "git_annex_remote_pyshare"
STARTS = {"subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.call"}
ENVIRONMENTS = ("git_environment()", "environment(git_environment())", "environment(git_environment(), self.login)")
"""git's own, and rclone's, which is made from it."""
OWN = ("cli/demo/", "cli/sandbox.py", "config/git_config.py")
"""The demo and the sandbox look their programs up in a PATH of their own; the other is the place that finds git."""


def test_no_program_is_started_by_its_bare_name() -> None:
    bare = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in STARTS and not name.startswith(OWN):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                if not (
                    ast.unparse(node.args[0]).startswith(("git_command(", "found(", "ssh_command("))
                    and given.get("env", "") in ENVIRONMENTS
                ):
                    bare.append(f"{name}:{node.lineno}")
    assert bare == []
