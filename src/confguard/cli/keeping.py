"""`thin`, `export`, `import` and `store`: keeping a store small, carrying a history elsewhere, making tables."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from confguard.cli.options import Commands, duration, whole
from confguard.cli.output import say
from confguard.cli.projects import guarded, guarded_there, the_project
from confguard.errors import ConfguardError, StoreError
from confguard.stores.opening import open_store
from confguard.stores.portable import import_
from confguard.stores.selecting import Retention
from confguard.stores.urls import without_password
from confguard.texts import amount

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "thin",
        thin,
        "confguard thin auth --keep 100 --keep-for 90d",
    )
    commands.add_config(command)
    command.add_argument(
        "--keep", metavar="N", type=whole, default=100, help="the newest N keep theirs (100)"
    )
    command.add_argument("--keep-for", metavar="TIME", type=duration, help="and all that are younger (90d)")
    command.add_argument("--unlabelled", action="store_true", help="those with a label may go, too")

    command = commands.add(
        "export",
        export,
        "confguard export auth auth.confguard",
    )
    commands.add_config(command)
    command.add_argument("file", metavar="FILE", help="the file to write")

    command = commands.add(
        "import",
        take_in,
        "confguard import auth.confguard",
        exits="0 done, 1 the file is damaged, 2 cannot run, 3 the store has another history, 6 in doubt",
    )
    command.add_argument("file", metavar="FILE", help="a file that `confguard export` wrote")

    command = commands.add(
        "store",
        store,
        "confguard store setup --writer deployer --reader auth\n"
        "  confguard store setup postgresql://dba@db/app --reader auth --run",
        exits="0 printed, or made; 2 cannot run",
    )
    command.add_argument("what", choices=["setup"], help="what a DBA runs once, for a store in PostgreSQL")
    command.add_argument("url", nargs="?", metavar="URL", help="the store (that of the project)")
    command.add_argument("--owner", metavar="ROLE", help="whose the schema and its tables are to be")
    command.add_argument("--writer", metavar="ROLE", help="who may append: whoever applies and reverts")
    command.add_argument("--reader", metavar="ROLE", help="who may read: services")
    command.add_argument("--run", dest="runs", action="store_true", help="run it, instead of printing it")


def thin(args: Namespace) -> int:
    """`confguard thin`."""
    within = {} if args.keep_for is None else {"within": args.keep_for}
    try:
        retention = Retention(args.keep, labelled=not args.unlabelled, **within)
    except ValueError as error:
        raise ConfguardError(f"--keep: {error}") from error
    with guarded(args.name) as guard:
        dropped = guard.thin(retention)
    say(
        args.format,
        {"thinned": dropped},
        lambda: f"{args.name}: the content of {amount(dropped, 'revision')} was dropped",
    )
    return 0


def export(args: Namespace) -> int:
    """`confguard export`."""
    with guarded_there(args.name) as guard:
        guard.export(args.file)
    size = Path(args.file).stat().st_size
    say(
        args.format,
        {"file": args.file, "bytes": size},
        lambda: f"{args.file}: {amount(size, 'byte')}, every link is good",
    )
    return 0


def take_in(args: Namespace) -> int:
    """`confguard import`."""
    store = open_store(the_project().store_url)
    try:
        config, added = import_(store, args.file)
    finally:
        store.close()
    say(
        args.format,
        {"config": config, "added": added},
        lambda: f"{config}: {amount(added, 'revision')} added",
    )
    return 0


def store(args: Namespace) -> int:
    """`confguard store setup`."""
    url = args.url or the_project().store_url
    if not url.startswith(("postgresql:", "postgres:")):
        shown = without_password(url)
        raise StoreError(
            f"{shown}: needs no setting up",
            hint="only a store in PostgreSQL has tables that a DBA may have to make",
        )
    from confguard.stores.postgres import PostgresStore, setup_script

    script = setup_script(url, owner=args.owner, writer=args.writer, reader=args.reader)
    if not args.runs:
        say(args.format, {"sql": script}, lambda: script)
        return 0
    opened = PostgresStore(url)
    try:
        opened.run_setup(script)
    finally:
        opened.close()
    shown = without_password(url)
    say(args.format, {"store": shown, "made": True}, lambda: f"{shown}: made")
    return 0
