"""The command line: `yuqing COMMAND`. Exit codes: 0 done, 1 the work failed, 2 wrong use."""

from __future__ import annotations

import os
import sys

import typer

from alerts.incidents import IllegalTransitionError
from console.settings import ConsoleSettingsError
from models.watch import QueryError
from models.weight_files import WeightsError
from pipeline.cli import casework, data, learning, rehearsal, service, stories, text
from pipeline.cli.output import CommandError
from pipeline.importing import ImportFailedError
from pipeline.positions import ConfigurationError
from storage.errors import StoreError

app = typer.Typer(
    name="yuqing",
    help="舆情：政务舆情监测与应急响应 · public-opinion monitoring and emergency response",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (service, casework, stories, rehearsal, text, data, learning):
    part.register(app)


def main() -> None:
    """Run the command line; every failure is one clear line on stderr."""
    try:
        app(standalone_mode=True)
    except ConfigurationError as error:
        _end(2, *error.problems)
    except (QueryError, IllegalTransitionError) as error:
        _end(2, str(error))
    except CommandError as error:
        _end(error.code, str(error))
    except (StoreError, ImportFailedError, WeightsError) as error:
        _end(1, str(error))
    except ConsoleSettingsError as error:
        _end(2, str(error))
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        _end(130, "stopped; what was committed is safe, and the same command goes on from there")


def _end(code: int, *lines: str) -> None:
    for line in lines:
        print(f"yuqing: {line}", file=sys.stderr)
    sys.exit(code)
