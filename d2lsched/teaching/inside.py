"""The program in the sandbox: runs a submission's cells, then answers what it is asked.

It shares a process with code that nobody trusts, so nothing it says is believed: it gets
inputs and returns numbers. One line of JSON a message: first comes the job (cells and
limits), then, once "ready" is said, the requests of `questions`. Of each statement that
begins, the outside is told, so that it knows which one to leave out if that one never ends.
"""

from __future__ import annotations

import ast
import json
import os
import resource
import sys
import types
from typing import Any, TextIO


def limit(job: dict[str, Any]) -> None:
    """Give up root and set the limits; no code of the submission has run yet."""
    hard = {
        resource.RLIMIT_AS: job["memory"],
        resource.RLIMIT_FSIZE: job["disk"],
        resource.RLIMIT_CPU: int(job["seconds"]) + 1,
        resource.RLIMIT_NPROC: job["processes"],
        resource.RLIMIT_NOFILE: 256,
    }
    if os.getuid() == 0:  # without a user namespace of its own (see `walls.command`)
        os.setgroups([])
        os.setgid(job["user"])
        os.setuid(job["user"])
    for kind, value in hard.items():
        resource.setrlimit(kind, (value, value))


def statements(source: str) -> list[ast.stmt]:
    """Parse a cell; what is for IPython (%magic, !command, f?) does nothing."""
    try:
        return ast.parse(source).body
    except SyntaxError:  # perhaps IPython's own line
        from IPython.core.inputtransformer2 import TransformerManager

        transformed = TransformerManager().transform_cell(source)
        try:
            tree = ast.parse(transformed)
        except SyntaxError as error:  # the student's: in the line that it has in the cell
            # IPython drops blank lines at the beginning, and joins those that are continued.
            joined = source.rstrip().count("\n") - transformed.rstrip().count("\n")
            error.lineno = (error.lineno or 0) + joined
            raise error from None
        return ast.fix_missing_locations(Quiet().visit(tree)).body


TIMING = {"time", "timeit", "prun", "capture"}
"""Magics that run the code that they are given."""


class Quiet(ast.NodeTransformer):
    """Puts nothing in place of each call of IPython; timed code stands for itself."""

    def visit_Expr(self, node: ast.Expr) -> Any:
        """Return the statements of timed code, or the statement as it is."""
        called = self.called(node.value)
        if called and called[0] in TIMING:
            return [self.visit(statement) for statement in statements(called[1])]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        """Return None, or no lines of output, in place of a call of IPython."""
        called = self.called(node)
        if called is None:
            return self.generic_visit(node)
        if called[0] in TIMING:
            return self.visit(ast.parse(called[1], mode="eval").body)
        return ast.List([], ast.Load()) if called[0] == "getoutput" else ast.Constant(None)

    @staticmethod
    def called(node: ast.expr) -> tuple[str, str] | None:
        """Return (magic or method, its code) of ``get_ipython().method(…)``."""
        match node:
            case ast.Call(
                ast.Attribute(ast.Call(ast.Name("get_ipython")), method), [*arguments]
            ):
                said = [str(one.value) for one in arguments if isinstance(one, ast.Constant)]
                if method.startswith("run_") and said:
                    return said[0], said[-1]
                return method, ""
        return None


IMPORTS = (ast.Import, ast.ImportFrom)


def line_of(error: BaseException) -> int:
    """Return the line of its cell in which an error has come up, 0 if in none."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.startswith("<cell "):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def said(error: BaseException) -> str:
    """Return an error's name and what it says."""
    text = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}: {text}"[:300]


def run_cells(job: dict[str, Any], names: dict[str, Any], say: Any) -> None:
    """Run the cells statement by statement; one that fails costs itself."""
    skip = {tuple(place) for place in job["skip"]}
    released = set(job["released"])
    for number, source in job["cells"]:
        try:
            body = statements(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            say({"error": [number, line_of(error), said(error)]})
            continue
        for index, statement in enumerate(body):
            if (number, index) in skip:
                continue
            free = number in released or isinstance(statement, IMPORTS)
            say({"at": [number, index], "free": free})
            try:
                tree = ast.Module([statement], type_ignores=[])
                exec(compile(tree, f"<cell {number}>", "exec"), names)
            except BaseException as error:  # SystemExit and KeyboardInterrupt, too
                say({"error": [number, line_of(error), said(error)]})


class Absent:
    """An importer that says what is not there: the files of these libraries are hidden."""

    def __init__(self, names: list[str]) -> None:
        self.names = set(names)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ModuleNotFoundError for the absent libraries, and leave the others alone."""
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is not there while answers are graded")


def table(rates: list[float]) -> Any:
    """Return the schedule t ↦ rates[t], which holds its last rate past the end."""

    def schedule(t: Any) -> float:
        if t < 0:
            raise ValueError(f"it asks the schedule for {t}, but updates and epochs begin at 0")
        if t != int(t):
            raise ValueError(f"it asks the schedule for {t}, which is no whole number")
        return rates[min(int(t), len(rates) - 1)]

    return schedule


class Undefined(Exception):
    """A name that is asked for is not there."""


class Answering:
    """Resolves requests with the names that the submission has defined."""

    def __init__(self, names: dict[str, Any], plain: Any) -> None:
        self.names, self.plain = names, plain

    def argument(self, value: Any) -> Any:
        """Make an argument of its JSON: see `questions.coded`."""
        if isinstance(value, list):
            return [self.argument(item) for item in value]
        if isinstance(value, dict):
            if "$table" in value:
                return table(value["$table"])
            if "$call" in value:
                request = value["$call"]
                return self.function(request)(
                    *self.argument(request["args"]), **self.argument(request["kwargs"])
                )
            return {key: self.argument(item) for key, item in value.items()}
        return value

    def function(self, request: dict[str, Any]) -> Any:
        """Find the function that a request names."""
        if request["name"] not in self.names:
            raise Undefined(f"the notebook defines no {request['name']}")
        return self.names[request["name"]]

    def safe(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call, and return the plain value as JSON holds it; an error is a value, too."""
        try:
            return self.plain(function(*args, **kwargs))
        except Undefined as error:
            return {"$failure": str(error)}
        except NotImplementedError:
            return {"$failure": "the function is still empty (NotImplementedError)"}
        except BaseException as error:
            line = line_of(error)
            where = f" (line {line})" if line else ""
            return {"$failure": f"it stops with {said(error)[:250]}{where}"}

    def answer(self, request: dict[str, Any]) -> Any:
        """Answer one request."""
        ask = request["$call"]
        if ask["do"] == "each":
            return [
                self.safe(lambda args=args: self.function(ask)(
                    *self.argument(args), **self.argument(ask["kwargs"])))
                for args in ask["over"]
            ]  # fmt: skip
        if ask["do"] == "fold":
            return self.fold(ask)
        return self.safe(lambda: self.call(ask))

    def call(self, ask: dict[str, Any]) -> Any:
        """Call once; with "then", call the result for each of its lists of arguments."""
        args = self.argument(ask["args"])
        got = self.function(ask)(*args, **self.argument(ask["kwargs"]))
        if "then" in ask:
            got = [self.safe(lambda a=a: got(*self.argument(a))) for a in ask["then"]]
        return [got, args] if ask["after"] else got

    def fold(self, ask: dict[str, Any]) -> list[Any]:
        """Carry the state through the items; after a failure the rest has failed, too."""
        states: list[Any] = []
        carried: list[Any] = []

        def step(item: Any) -> Any:
            before = carried[-1] if carried else self.argument(ask["state"])
            carried.append(
                self.function(ask)(before, self.argument(item), **self.argument(ask["kwargs"]))
            )
            return carried[-1]

        for item in ask["over"]:
            states.append(self.safe(step, item))
            if isinstance(states[-1], dict) and "$failure" in states[-1]:
                return states + [states[-1]] * (len(ask["over"]) - len(states))
        return states


def serve(requests: TextIO, answers: TextIO) -> None:
    """Do the job that the first line describes, then answer requests until there are none."""
    dumps = json.dumps

    def strange(value: Any) -> Any:  # as `plain` calls it
        return {"$strange": str(value.description)[:200]}

    def say(message: dict[str, Any]) -> None:
        answers.write(dumps(message, default=strange) + "\n")
        answers.flush()

    job = json.loads(requests.readline())
    limit(job)
    sys.path[:0] = job["path"]
    sys.meta_path.insert(0, Absent(job["absent"]))
    from d2lsched.teaching.checks import plain

    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__["display"] = print
    say({"started": True})
    run_cells(job, module.__dict__, say)
    say({"ready": True})
    answering = Answering(module.__dict__, plain)
    for line in requests:
        request = json.loads(line)
        try:
            say({"id": request["id"], "value": answering.answer(request["ask"])})
        except BaseException as error:  # an answer that JSON cannot hold
            failure = {"$failure": f"it returned what cannot be sent: {type(error).__name__}"}
            say({"id": request["id"], "value": failure})


def main() -> None:
    """Keep the two channels to the outside; the submission will get silent ones."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    serve(requests, answers)
    os._exit(0)  # without waiting for the submission's threads and exit handlers


if __name__ == "__main__":
    main()
