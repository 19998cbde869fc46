"""The client manages the members of a project, and their permissions take effect at once."""

import pytest
from pytest_check import check
from sevenbridges.errors import Conflict, Forbidden, NotFound

from support.client import check_refused

pytestmark = pytest.mark.own_server

PERMISSIONS = ["read", "copy", "write", "execute", "admin"]


def permissions(member):
    """Returns the names of the permissions that a member has."""
    return [name for name in PERMISSIONS if member.permissions[name]]


def get_member(project, username):
    """Returns a member with the project's client. Without `api`, the library uses the client that was created last."""
    return project.get_member(username, api=project._api)


def usernames(members):
    return [member.username for member in members]


@pytest.fixture
def ada(server, connect):
    """A client of the user ada."""
    return connect(token=server.add_user("ada"))


@pytest.fixture
def shared(api, ada):
    """A project of the admin."""
    return api.projects.create(name="Shared with ada")


def test_adding_listing_and_finding_members(ada, shared):
    check.equal(usernames(shared.get_members()), ["admin"], "members of a new project")
    wanted = {"read": True, "copy": True, "write": False, "execute": False, "admin": False}
    member = shared.add_member("ada", wanted)
    check.equal((member.id, member.username, member.email, member.type), ("ada", "ada", "", "USER"), "new member")
    check.is_true(member.href.endswith(f"/projects/{shared.id}/members/ada"), member.href)
    check.equal(permissions(member), ["read", "copy"], "permissions in the response")
    check_refused(Conflict, 3003, lambda: shared.add_member("ada", {"admin": True}), "a member already")
    check_refused(NotFound, 2002, lambda: shared.add_member("nobody", {}), "an unknown user")
    check_refused(NotFound, 2002, lambda: shared.add_member_email("ada@example.org"), "an unknown address")
    found = get_member(shared, "ada")
    check.equal((found, permissions(found)), (member, ["read", "copy"]), "the member again")
    check.equal(permissions(get_member(shared, "admin")), PERMISSIONS, "permissions of the owner")
    # One member per page, so that `all` follows the links.
    check.equal(usernames(shared.get_members(limit=1).all()), ["ada", "admin"], "all members")
    check.equal([project.id for project in ada.projects.query().all()], [shared.id], "ada's projects")


def test_adding_a_member_by_email_address(server, ada, shared):
    server.administer("user", "set", "ada", "--email", "ada@example.org")
    member = shared.add_member_email("Ada@example.org", {"copy": True})
    check.equal((member.username, permissions(member)), ("ada", ["read", "copy"]), "the new member")


def test_changing_permissions(ada, shared):
    shared.add_member("ada", {"read": True, "copy": True, "write": False, "execute": False, "admin": False})
    theirs = ada.projects.get(shared.id)
    check_refused(Forbidden, 5001, lambda: ada.files.create_folder("new", project=theirs), "writing without permission")
    member = get_member(shared, "ada")
    member.permissions["write"] = True
    member.permissions["copy"] = False
    member.save()
    check.equal(permissions(get_member(shared, "ada")), ["read", "write"], "changed permissions")
    check.is_true(ada.files.create_folder("new", project=theirs).is_folder(), "writing with permission")
    check_refused(Forbidden, 3001, lambda: theirs.remove_member("admin"), "removing the owner")
    owner = get_member(shared, "admin")
    owner.permissions["admin"] = False
    check_refused(Forbidden, 3001, owner.save, "taking a permission from the owner")


def test_removing_a_member(ada, shared):
    shared.add_member("ada", {"read": True, "copy": False, "write": True, "execute": False, "admin": False})
    shared.remove_member("ada")
    check.equal(usernames(shared.get_members()), ["admin"], "members")
    check_refused(NotFound, 3002, lambda: ada.projects.get(shared.id), "the project, by the former member")
    check_refused(NotFound, 3002, lambda: shared.remove_member("ada"), "removing again")
    check_refused(NotFound, 3002, lambda: get_member(shared, "ada"), "the former member")
