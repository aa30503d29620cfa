"""`make links`: whether every link of the site that leaves it still leads somewhere. It needs the network, and runs weekly.

Sphinx's own link checker does it, on the pages that `make site` builds; links within the site are checked whenever it is built.
"""

import argparse
import io
import json
import sys
import tempfile
from pathlib import Path

from scripts.tools import site


def broken(course: list, **settings) -> list[str]:
    """The links of these lessons' site that lead nowhere, a line each: page, address, what was answered.

    Args:
        course: the lessons, as `site.stored` has them; settings: of Sphinx, in place of those of site/conf.py.
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    with tempfile.TemporaryDirectory(prefix="links-") as made:
        source, out = Path(made, "source"), Path(made, "out")
        site.write_sources(course, source, decks=False)
        with patch_docutils(source), docutils_namespace():
            app = Sphinx(
                source,
                source,
                out,
                Path(made, "trees"),
                "linkcheck",
                confoverrides=settings,
                status=None,
                warning=io.StringIO(),
            )
            app.build()
        rows = [json.loads(line) for line in (out / "output.json").read_text(encoding="utf-8").splitlines()]
    wrong = [row for row in rows if row["status"] in ("broken", "timeout")]
    return sorted({f"{row['filename']}: {row['uri']}: {row['info'][:100]}" for row in wrong})


def main(*arguments: str) -> int:
    """Check the links of the stored lessons' site. Returns 1 when one leads nowhere."""
    argparse.ArgumentParser(prog="make links", description=__doc__.partition("\n")[0]).parse_args(arguments)
    found = broken(site.stored())
    print("\n".join([*found, f"{len(found)} links that leave the site lead nowhere"]))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
