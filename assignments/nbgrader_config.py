"""The course, for nbgrader. Dates and points are set in its formgrader or in the notebooks."""

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "d2lsched"

# nbgrader's own autograding runs submissions with all of the teacher's rights. This course is
# graded by `python -m d2lsched.teaching.grade` instead, in a sandbox.
c.Autograde.sanitize_preprocessors = ["d2lsched.teaching.refuse.Refuse"]

# Markdown of submissions becomes HTML without anything that runs, or asks other machines.
c.HTMLExporter.filters = {"markdown2html": "d2lsched.teaching.pages.markdown2html"}

# A solution stands between these marks, and a student finds the second line in its place.
c.ClearSolutions.begin_solution_delimeter = "### BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "### END SOLUTION"
c.ClearSolutions.code_stub = {"python": "# Your code here.\nraise NotImplementedError"}
c.ClearSolutions.enforce_metadata = True
