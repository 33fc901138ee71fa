"""Puts the manifest and the messages together into the document that `describe` returns. The host
checks it; nothing is checked here."""

import json
import tomllib
from pathlib import Path

manifest = tomllib.loads(Path("manifest.toml").read_text("utf-8"))
manifest["locales"] = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(Path("locales").glob("*.json"))}
Path("target").mkdir(exist_ok=True)
Path("target/description.py").write_text(f"DESCRIPTION = {json.dumps(manifest)!r}\n", "utf-8")
