"""Signatures of revisions, as git has them: SSH keys, and a file of allowed signers.

`ssh-keygen`, which git calls too, makes and checks them, so every kind of key works that works there: Ed25519, keys in
an agent, and keys on a token.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from confguard.errors import IntegrityError, StoreError, brief
from confguard.stores import chain
from confguard.stores.interface import Revision, Store

if TYPE_CHECKING:
    import subprocess

NAMESPACE = "confguard"
_TIMEOUT = 30.0


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Where it leads from the working folder of now: a process may go to another one."""
    return Path(path).absolute()


@frozen
class Signer:
    """A private key, or a public one whose private half is in the agent."""

    key: Path = field(converter=_absolute)

    def sign(self, digest: str) -> str:
        """The signature of a digest. Raises `StoreError`."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="confguard-sign-") as folder:
            message = Path(folder, "digest")
            message.write_text(digest, "ascii")
            command = ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(self.key), str(message)]
            ended = _run(command)
            if ended.returncode:
                raise StoreError(
                    f"{self.key}: cannot sign: {brief(ended.stderr.decode(errors='replace').strip())}",
                    hint="a private key, or a public one whose private half is in the agent (`ssh-add -l`)",
                )
            return message.with_suffix(".sig").read_text("ascii")


@frozen
class Signers:
    """A file of allowed signers: `ana@example.com ssh-ed25519 AAAA...`, as git's `gpg.ssh.allowedSignersFile`."""

    path: Path = field(converter=_absolute)

    @path.validator
    def _check_path(self, _: object, path: Path) -> None:
        if not path.is_file():
            raise StoreError(f"{path}: no such file of allowed signers")

    def fault(self, revision: Revision) -> str | None:
        """What is wrong with a revision's signature; None if its author, or who approved it, signed it."""
        if revision.signature is None:
            return "is not signed"
        import tempfile

        with tempfile.TemporaryDirectory(prefix="confguard-verify-") as folder:
            signature = Path(folder, "digest.sig")
            signature.write_text(revision.signature, "ascii", errors="replace")
            for principal in filter(None, (revision.author, revision.approved_by)):
                command = [
                    "ssh-keygen",
                    "-Y",
                    "verify",
                    "-n",
                    NAMESPACE,
                    "-f",
                    str(self.path),
                    "-I",
                    principal,
                ]
                if _run([*command, "-s", str(signature)], revision.digest.encode("ascii")).returncode == 0:
                    return None
        return f"is not signed by {revision.author}, or by a key that {self.path} does not allow"


def verify_signed(store: Store, config: str, signers: Signers) -> int:
    """Check a chain, and that every revision from the first signed one on is signed. Raises `IntegrityError`."""
    begun = False

    def fault(revision: Revision) -> str | None:
        nonlocal begun
        begun = begun or revision.signature is not None
        return signers.fault(revision) if begun else None

    length = chain.verify(store, config, fault)
    if length and not begun:
        raise IntegrityError(f"no revision of '{config}' is signed")
    return length


def _run(command: list[str], content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    import subprocess

    environment = os.environ | {"LC_ALL": "C"}
    try:
        return subprocess.run(
            command, check=False, input=content, capture_output=True, timeout=_TIMEOUT, env=environment
        )
    except FileNotFoundError as error:
        raise StoreError("ssh-keygen is not there, and signatures need it", hint="install OpenSSH") from error
    except subprocess.TimeoutExpired as error:
        raise StoreError(f"ssh-keygen did not end within {_TIMEOUT:g} seconds") from error
