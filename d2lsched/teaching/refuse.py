"""Keeps nbgrader's own autograding from running a submission outside of the sandbox."""

from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor


class Refuse(NbGraderPreprocessor):
    """Stops `nbgrader autograde` before it runs anything, and says what to run instead."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Raise; nothing has been executed."""
        raise RuntimeError(
            "this course is graded by `python -m d2lsched.teaching.grade`, which runs "
            "submissions in a sandbox; nbgrader's autograde would run them with your rights"
        )
