"""What the shipped code never does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import Module, report, shipped

CONTAINERS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
CONTAINERS |= {"WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "count", "cycle"}
MUTATORS = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}
MUTATORS |= {"setdefault", "sort", "update"}
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")

# Module-level state that is meant, as path:name, each with its reason.
MODULE_STATE = {
    "src/rushes/_native/pure_gate.py:_PUT_ASIDE": "finalizers of any depot run on any thread of the process",
    "src/rushes/archive/lock.py:_HELD": "fork hooks belong to the process and get no argument",
    "src/rushes/depot/handles.py:_LIVING": "fork and exit hooks belong to the process and get no argument",
    "src/rushes/jobs/living.py:_LIVING": "fork and exit hooks belong to the process and get no argument",
    "src/rushes/_native/pure_os.py:_armed": "where the process is to die, in tests of crashes",
}


def test_nothing_but_the_command_line_prints() -> None:
    report(
        [
            module.at(call)
            for module in shipped()
            if not module.where.startswith(("src/rushes/cli/", "src/rushes/__main__"))
            for call in calls(module)
            if isinstance(call.func, ast.Name) and call.func.id == "print"
        ]
    )


def test_no_class_has_a_finalizer_method() -> None:
    report(
        [
            module.at(node)
            for module in shipped()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "__del__"
        ]
    )


def test_every_except_names_what_it_catches() -> None:
    report(
        [module.at(handler) for module in shipped() for handler in handlers(module) if handler.type is None]
    )


def test_broad_excepts_have_a_reason_beside_them() -> None:
    report(
        [
            f"{module.at(handler)}: say in a comment beside it or right above why all errors are caught here"
            for module in shipped()
            for handler in handlers(module)
            if is_broad(handler) and not passes_on(handler) and not has_comment(module, handler)
        ]
    )


def test_nothing_is_unpickled() -> None:
    unsafe = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    report(
        [
            f"{module.at(node)}: bytes from the wire or a disk could run code here"
            for module in shipped()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Import | ast.ImportFrom) and imported(node) & unsafe
        ]
    )


def test_modules_hold_no_mutable_state() -> None:
    problems = [
        f"{module.where}:{line}: {name} ({why})"
        for module in shipped()
        for line, name, why in module_state(module)
        if f"{module.where}:{name}" not in MODULE_STATE
    ]
    report(problems)


def calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def handlers(module: Module) -> Iterator[ast.ExceptHandler]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler))


def imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The top-level packages an import statement names."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


def is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"} for each in caught)


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Cleans up and raises the same error again, so nothing is kept from the caller."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def has_comment(module: Module, handler: ast.ExceptHandler) -> bool:
    """In the except clause, or alone on the line before it, and more than a directive to a tool."""
    above = module.lines[handler.lineno - 2].lstrip()
    clause = module.lines[handler.lineno - 1 : max(handler.lineno, handler.body[0].lineno - 1)]
    candidates = [above[1:] if above.startswith("#") else "", *(line.partition("#")[2] for line in clause)]
    said = [re.sub(r"(noqa|type: ignore|pragma)\S*( [A-Z]+\d+)*", "", each) for each in candidates]
    return any(re.search(r"\w{2,}", each) for each in said)


def module_state(module: Module) -> Iterator[tuple[int, str, str]]:
    """(line, name, why) of what other code could change behind the importer's back."""
    constants = set()
    for line, name, value in top_level_names(module.tree.body):
        if name == "__all__":
            continue
        if CONSTANT.fullmatch(name):
            constants.add(name)
        elif is_container(value):
            yield line, name, "a container under a name that does not say constant"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield node.lineno, ", ".join(node.names), "global statement"
        else:
            for name in changed_by(node) & constants:
                yield getattr(node, "lineno", 0), name, "a constant that is changed"


def top_level_names(body: list[ast.stmt]) -> Iterator[tuple[int, str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from top_level_names([*node.body, *node.orelse])
        elif isinstance(node, ast.Assign):
            names = (each.id for each in node.targets if isinstance(each, ast.Name))
            yield from ((node.lineno, name, node.value) for name in names)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.lineno, node.target.id, node.value


def is_container(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        name = value.func.id if isinstance(value.func, ast.Name) else getattr(value.func, "attr", "")
        return name in CONTAINERS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def changed_by(node: ast.AST) -> set[str]:
    """Names of containers that this node changes in place."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return {node.func.value.id} if isinstance(node.func.value, ast.Name) else set()
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    changed = (each.value for each in targets if isinstance(each, ast.Subscript))
    return {each.id for each in changed if isinstance(each, ast.Name)}
