"""`thin`, `export`, `import` and `store`: keeping a store small, carrying a history elsewhere, making tables."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from confguard.cli.options import Commands, argument, config_argument, duration, flag, whole
from confguard.cli.output import say
from confguard.cli.subjects import guarded, guarded_there, the_project
from confguard.errors import ConfguardError, StoreError
from confguard.stores.opening import open_store
from confguard.stores.portable import import_
from confguard.stores.selecting import Retention
from confguard.stores.urls import without_password
from confguard.texts import amount


def register(commands: Commands) -> None:
    command = commands.add("thin", thin, "confguard thin auth --keep 100 --keep-for 90d")
    config_argument(command)
    argument(command, "--keep", "N", "the newest N keep theirs (100)", type=whole, default=100)
    argument(command, "--keep-for", "TIME", "and all that are younger (90d)", type=duration)
    flag(command, "--unlabelled", "those with a label may go, too")

    command = commands.add("export", export, "confguard export auth auth.confguard")
    config_argument(command)
    argument(command, "file", "FILE", "the file to write")

    example = "confguard import auth.confguard"
    exits = "0 done, 1 the file is damaged, 2 cannot run, 3 the store has another history, 6 in doubt"
    command = commands.add("import", take_in, example, exits)
    argument(command, "file", "FILE", "a file that `confguard export` wrote")

    example = (
        "confguard store setup --writer deployer --reader auth\n"
        "  confguard store setup postgresql://dba@db/app --reader auth --run"
    )
    exits = "0 printed, or made; 2 cannot run"
    command = commands.add("store", store, example, exits)
    command.add_argument("what", help="what a DBA runs once, for a store in PostgreSQL", choices=["setup"])
    argument(command, "url", "URL", "the store (that of the project)", nargs="?")
    argument(command, "--owner", "ROLE", "whose the schema and its tables are to be")
    argument(command, "--writer", "ROLE", "who may append: whoever applies and reverts")
    argument(command, "--reader", "ROLE", "who may read: services")
    flag(command, "--run", "run it, instead of printing it", dest="runs")


def thin(args: Namespace) -> None:
    within = {} if args.keep_for is None else {"within": args.keep_for}
    try:
        retention = Retention(args.keep, labelled=not args.unlabelled, **within)
    except ValueError as error:
        raise ConfguardError(f"--keep: {str(error).removeprefix('last ')}") from error
    with guarded(args.name) as guard:
        dropped = guard.thin(retention)
    say(
        args.format,
        {"thinned": dropped},
        lambda: f"{args.name}: the content of {amount(dropped, 'revision')} was dropped",
    )


def export(args: Namespace) -> None:
    with guarded_there(args.name) as guard:
        guard.export(args.file)
    size = Path(args.file).stat().st_size
    say(
        args.format,
        {"file": args.file, "bytes": size},
        lambda: f"{args.file}: {amount(size, 'byte')}, every link is good",
    )


def take_in(args: Namespace) -> None:
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


def store(args: Namespace) -> None:
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
        return
    opened = PostgresStore(url)
    try:
        opened.run_setup(script)
    finally:
        opened.close()
    shown = without_password(url)
    say(args.format, {"store": shown, "made": True}, lambda: f"{shown}: made")
