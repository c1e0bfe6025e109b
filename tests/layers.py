#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom, and which files may need each other: the layers of the code.

usage: layers.py SOURCE BUILD

Fails on an #include from one folder to another that ALLOWED does not have, on two headers of one name or with one
guard, and on files whose objects need each other's symbols in a circle that is not in CIRCLES.
"""

import collections
import os
import re
import subprocess
import sys

# Folder: those that it may include from. A folder stands for what is right in it; "journal" stands for all of journal/.
ALLOWED = """
bpf/shared:
bpf: bpf/shared
journal/base:
journal/format: journal/base bpf/shared
journal/event: journal/format journal/base bpf/shared
journal/reader: journal/event journal/format journal/base bpf/shared
journal/writer: journal/reader journal/format journal/base bpf/shared
journal/json: journal/event journal/reader journal/format journal/base

client: client/commands client/bus journal
client/commands: client/print client/pcap client/stats client/report client/read client/text client/bus client/terminal client/input journal
client/print: client/text client/read client/bus client/terminal journal
client/pcap: client/read client/text client/terminal journal
client/stats: client/read client/text client/terminal journal
client/report: client/bus client/terminal client/input journal
client/read: client/bus client/input client/terminal journal bpf/shared
client/text: client/bus journal bpf/shared
client/bus: client/input journal
client/terminal: journal
client/input: journal

daemon: daemon/bus daemon/sessions daemon/settings daemon/names daemon/pipeline daemon/filter daemon/journals daemon/recorder daemon/base
daemon/bus: daemon/sessions daemon/engine daemon/journals daemon/follow daemon/names daemon/drops daemon/recorder daemon/settings daemon/pipeline daemon/probe daemon/filter daemon/base journal
daemon/sessions: daemon/engine daemon/journals daemon/follow daemon/drops daemon/recorder daemon/settings daemon/filter daemon/base journal
daemon/engine: daemon/names daemon/drops daemon/recorder daemon/journals daemon/pipeline daemon/filter daemon/probe daemon/settings daemon/base journal bpf/shared
daemon/names: daemon/resolver daemon/drops daemon/recorder daemon/base journal bpf/shared
daemon/drops: daemon/recorder daemon/pipeline daemon/base journal bpf/shared
daemon/recorder: daemon/pipeline daemon/base journal bpf/shared
daemon/settings: daemon/pipeline daemon/probe daemon/filter daemon/base journal bpf/shared
daemon/pipeline: daemon/filter daemon/base journal bpf/shared
daemon/probe: daemon/base journal bpf/shared
daemon/filter: daemon/base journal bpf/shared
daemon/journals: daemon/base journal
daemon/follow: daemon/base journal
daemon/resolver: daemon/base journal
daemon/base: journal/base
"""

# Files that need each other: folder, names. None is to be added.
CIRCLES = []

TOPS = ("bpf", "client", "daemon", "journal")


def rows():
    table = {}
    for line in ALLOWED.splitlines():
        folder, colon, below = line.partition(":")
        if colon:
            table[folder] = set(below.split())
    return table


def includes(source):
    """Pairs of files of the project, the second of which the first includes."""
    listed = subprocess.run(["git", "-C", source, "ls-files", *TOPS], capture_output=True, text=True, check=True)
    files = {name for name in listed.stdout.split() if name.endswith((".c", ".h"))}
    for name in sorted(files):
        with open(os.path.join(source, name), encoding="utf-8") as file:
            for target in re.findall(r'^#include "([^"]+)"', file.read(), re.M):
                if target in files:
                    yield name, target


def wrong_arrows(source):
    table = rows()
    for name, target in includes(source):
        folder, below = os.path.dirname(name), os.path.dirname(target)
        if folder not in table:
            yield f"{folder} is in no row of the table of layers"
        elif below != folder and below not in table[folder] and below.split("/")[0] not in table[folder]:
            yield f"{name} includes {target}: {folder} may not see {below}"


def repeated_headers(source):
    """Names and guards of headers that two files have, those of tests included."""
    listed = subprocess.run(["git", "-C", source, "ls-files", "*.h"], capture_output=True, text=True, check=True)
    owners = collections.defaultdict(list)
    for path in listed.stdout.split():
        owners[os.path.basename(path)].append(path)
        with open(os.path.join(source, path), encoding="utf-8") as file:
            for guard in re.findall(r"^#ifndef (NFTTRACED_\w+_H)$", file.read(), re.M):
                owners[guard].append(path)
    return [f"{name} is of " + " and ".join(paths) for name, paths in owners.items() if len(paths) > 1]


def symbols(build):
    """What each object of the product defines and what it needs: two dictionaries of sets."""
    defines, needs = {}, {}
    for library in ("daemon/libdaemon.a.p", "daemon/libmatcher.a.p", "daemon/libpipeline.a.p", "client/libclient.a.p",
                    "journal/libjournal.a.p"):
        top = library.split("/", maxsplit=1)[0]
        objects = [entry for entry in sorted(os.listdir(os.path.join(build, library))) if entry.endswith(".c.o")]
        printed = subprocess.run(["nm", "--format=posix", "--print-file-name", *objects],
                                 cwd=os.path.join(build, library), capture_output=True, text=True, check=True).stdout
        for line in printed.splitlines():
            entry, symbol, kind = line.split()[:3]
            # meson writes a folder's slash as "_"; names of files have none.
            name = top + "/" + entry.removesuffix(".o:").replace("_", "/")
            defines.setdefault(name, set())
            needs.setdefault(name, set())
            if kind == "U":
                needs[name].add(symbol)
            elif kind.isupper():
                defines[name].add(symbol)
    return defines, needs


def circles(build):
    """The strongly connected parts of the graph of files (Tarjan's algorithm)."""
    defines, needs = symbols(build)
    where = {symbol: name for name, all_of_it in defines.items() for symbol in all_of_it}
    edges = {name: sorted({where[s] for s in wanted if s in where} - {name}) for name, wanted in needs.items()}
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in edges[name]:
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            part = set()
            while not part or name not in part:
                part.add(stack.pop())
            if len(part) > 1:
                found.append(part)

    sys.setrecursionlimit(10000)
    for name in edges:
        if name not in index:
            visit(name)
    return found


def main():
    source, build = sys.argv[1:]
    checks = collections.OrderedDict()
    known = [{f"{folder}/{name}.c" for name in names.split()} for folder, names in CIRCLES]
    checks["no folder includes from one that is not below it"] = sorted(set(wrong_arrows(source)))
    checks["no two headers have one name or one guard"] = repeated_headers(source)
    found = circles(build)
    checks["no files need each other but those that are known"] = [
        "these need each other: " + " ".join(sorted(part)) for part in found if part not in known] + [
        "these don't any more, the list has them: " + " ".join(sorted(part)) for part in known if part not in found]
    failed = 0
    for sentence, wrong in checks.items():
        print(("not ok - " if wrong else "ok - ") + sentence)
        for line in wrong:
            print("#   " + line)
        failed += bool(wrong)
    print(f"{(len(checks) - failed) * 100 // len(checks)}%: Checks: {len(checks)}, Failures: {failed}, Errors: 0")
    return failed != 0


sys.exit(main())
