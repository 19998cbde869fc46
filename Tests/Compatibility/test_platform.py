"""Parts of the platform that Pontoon does not have: billing groups, tasks, apps, file search and categories."""

from pytest_check import check
from sevenbridges import errors

from support.client import check_refused


def test_creating_a_project_in_the_first_billing_group(api):
    """The quickstart of the client's documentation."""
    group = api.billing_groups.query(limit=1)[0]
    me = api.users.me().username
    check.equal((group.name, group.owner, group.type), (me, me, "FREE"))
    check.equal((group.pending, group.disabled), (False, False))
    check.equal((group.balance.amount, group.balance.currency), (0.0, "USD"))
    check.equal(len(list(api.billing_groups.query().all())), 1)
    for project in (api.projects.create(name="a", billing_group=group), api.projects.create(name="b")):
        check.equal(api.billing_groups.get(project.billing_group), group)


def test_tasks_and_apps(api, project):
    check.equal(list(api.tasks.query(project=project).all()), [])
    check.equal(list(api.apps.query(project=project).all()), [])
    check.equal(api.projects.get(project).get_tasks().total, 0)
    check.equal(api.projects.get(project).get_apps().total, 0)


def test_searching_files(api):
    check_refused(errors.SbgError, 90010, lambda: api.files.search('IN "admin/uploads"'), "search")


def test_categories(api, project):
    changed = api.projects.get(project)
    changed.category = "PUBLIC"
    check_refused(errors.BadRequest, 90000, changed.save, "a public project")
    check.equal(api.projects.get(project).category, "PRIVATE")
    check.equal(api.projects.query(category="PUBLIC").total, 0)


def test_users(api):
    """The client requires a division, which Pontoon ignores."""
    names = [user.username for user in api.users.query(division="lab").all()]
    check.is_in("admin", names, "all users")
    administrators = api.users.query(division="lab", role="ADMIN")
    check.equal([(user.username, user.role) for user in administrators], [("admin", "ADMIN")], "administrators")


def test_endpoints(api):
    endpoints = api.endpoints.get()
    check.is_true(endpoints.billing_url.endswith("/v2/billing"))
    check.is_true(endpoints.tasks_url.endswith("/v2/tasks"))
