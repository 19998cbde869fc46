"""Adds pages to the documentation site that are not files of docs/, and adapts the links between pages.

The front page is README.md. Links to other files of the repository lead to pages that show these files.
"""

import hashlib
import os
import pathlib
import posixpath
import re
import subprocess
import urllib.parse

import mermaidx
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The paths of pages on the site, by the paths of their files in the repository.
PAGES = {"README.md": "index.md", "CHANGELOG.md": "CHANGELOG.md", "CONTRIBUTING.md": "CONTRIBUTING.md"}
# A link outside of code. Its groups are the text before the target, and the target without the anchor.
LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)\s#]+)")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLE = """td:first-child code { white-space: nowrap }
.md-typeset section { overflow-wrap: anywhere }
.md-typeset section pre { overflow-x: auto }
img[src*="diagrams/"] { background: white; padding: 0.5em }
"""
NO_SEARCH = "---\nsearch:\n  exclude: true\n---\n"


def site_path(path: str) -> str:
    """The path, on the site, of the page for a file or folder of the repository."""
    if path in PAGES:
        return PAGES[path]
    # docs/README.md lists the pages, as the navigation of the site does.
    if path in ("docs", "docs/README.md"):
        return "index.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else f"source/{path}.md"


def relink(text: str, path: str, wanted: set[str]) -> str:
    """Rewrites the links of a file for the page of the file.

    Adds the paths of the linked files outside of docs/ to `wanted`.
    """

    def replace(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), urllib.parse.unquote(match[2])))
        page = site_path(target)
        if page.startswith("source/"):
            wanted.add(target)
        return match[1] + posixpath.relpath(page, posixpath.dirname(site_path(path)) or ".")

    parts = CODE.split(text)
    return "".join(part if index % 2 else LINK.sub(replace, part) for index, part in enumerate(parts))


def source_page(path: str, wanted: set[str]) -> str:
    """The text of a page that shows a file, or lists a folder, of the repository."""
    file = ROOT / path
    if file.is_dir():
        command = ["git", "-C", ROOT, "ls-files", "--", path]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        wanted.update(names)
        inner = [posixpath.relpath(name, path) for name in names]
        links = [f"- [{name}]({posixpath.basename(path)}/{name}.md)\n" for name in inner]
        return f"{NO_SEARCH}# {path}/\n\n{''.join(links)}"
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return NO_SEARCH + relink(text, path, wanted)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=2) + 3)
    return f"{NO_SEARCH}# {path}\n\n{fence}{file.suffix.removeprefix('.')}\n{text.rstrip()}\n{fence}\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    def add(path: str, text: str) -> None:
        for source in DIAGRAM.findall(text):
            name = f"diagrams/{hashlib.sha256(source.encode()).hexdigest()[:12]}.svg"
            files.append(File.generated(config, name, content=mermaidx.render(source).svg()))
            link = posixpath.relpath(name, posixpath.dirname(path) or ".")
            text = text.replace(f"```mermaid\n{source}```", f"![Diagram]({link})")
        files.append(File.generated(config, path, content=text))

    add("site.css", STYLE)
    files.remove(files.get_file_from_path("README.md"))
    wanted: set[str] = set()
    for file in files.documentation_pages():
        path = f"docs/{file.src_uri}"
        relink((ROOT / path).read_text(encoding="utf-8"), path, wanted)
    for path, page in PAGES.items():
        add(page, relink((ROOT / path).read_text(encoding="utf-8"), path, wanted))
    shown: set[str] = set()
    while missing := wanted - shown:
        for path in missing:
            add(f"source/{path}.md", source_page(path, wanted))
        shown |= missing
    schema = 'The [document](openapi.yaml) in OpenAPI 3.1.\n\n<swagger-ui src="openapi.yaml"/>\n'
    add("openapi.md", f"# API schema\n\n{schema}")
    manuals = sorted(path.name for path in pathlib.Path(os.environ["MANUALS"]).iterdir())
    for name in manuals:
        add(f"man/{name}.md", f"---\ntitle: {title(name)}\n---\n")
    links = [f"- [{title(name)}]({name}.md)\n" for name in manuals]
    add("man/index.md", f"# Manual pages\n\nThe pages that `man` shows where Pontoon is installed.\n\n{''.join(links)}")
    return files


def title(manual: str) -> str:
    name, section = manual.rsplit(".", 1)
    return f"{name}({section})"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    # The links of generated pages are already adapted.
    return markdown if page.file.generated_by else relink(markdown, f"docs/{page.file.src_uri}", set())


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    manual = pathlib.Path(os.environ["MANUALS"]) / pathlib.PurePosixPath(page.file.src_uri).stem
    if page.file.src_uri.startswith("man/") and manual.is_file():
        text = manual.read_text(encoding="utf-8")
        # The header repeats the title, which is the page's heading.
        text = re.sub(r'<table class="head">.*?</table>', "", text, flags=re.DOTALL)
        return f"<h1>{page.title}</h1>\n" + text.replace("<h1 ", "<h2 ").replace("</h1>", "</h2>")
    return html


def on_post_build(config: MkDocsConfig) -> None:
    """Checks the links of the built pages, including links that MkDocs does not check."""
    site = pathlib.Path(config.site_dir)
    problems = []
    for page in site.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#]+)', page.read_text(encoding="utf-8")):
            path = urllib.parse.unquote(target.split("?")[0])
            if not re.match(r"[a-z]+:|//", path) and page.name != "404.html" and not (page.parent / path).exists():
                problems.append(f"{page.relative_to(site)}: {target} does not exist")
    if problems:
        raise SystemExit("\n".join(problems))
