"""Manages the members of a project as sevenbridges-python does, and works with the rights they are given.

Usage: members.py TOKEN

TOKEN is that of user ada; the environment names the server and the token of user admin, who owns the project.
"""

import os
import sys

import sevenbridges
from sevenbridges.errors import Conflict, Forbidden, NotFound

RIGHTS = ["read", "copy", "write", "execute", "admin"]


def rights(member):
    """The rights that a member has."""
    return [right for right in RIGHTS if member.permissions[right]]


def get_member(project, username):
    """A member as the project's own client sees it; left alone, the library asks with the latest client's token."""
    return project.get_member(username, api=project._api)


def refused(error, call):
    """Runs a call that must be refused."""
    try:
        call()
    except error as refusal:
        return refusal.code
    raise AssertionError(f"not refused with {error.__name__}")


def add(project, ada):
    """Adding, listing and finding members."""
    assert [member.username for member in project.get_members()] == ["admin"]
    member = project.add_member("ada", {"read": True, "copy": True, "write": False, "execute": False, "admin": False})
    assert (member.id, member.username, member.email, member.type) == ("ada", "ada", "", "USER")
    assert member.href.endswith(f"/projects/{project.id}/members/ada")
    assert rights(member) == ["read", "copy"]
    assert refused(Conflict, lambda: project.add_member("ada", {"admin": True})) == 3003
    assert refused(NotFound, lambda: project.add_member("nobody", {})) == 2002
    assert refused(NotFound, lambda: project.add_member_email("ada@example.org")) == 2002
    found = get_member(project, "ada")
    assert found == member and rights(found) == ["read", "copy"]
    assert rights(get_member(project, "admin")) == RIGHTS
    # One a page, so that `all` follows the links.
    assert [each.username for each in project.get_members(limit=1).all()] == ["ada", "admin"]
    assert [each.id for each in ada.projects.query().all()] == [project.id]


def change(project, ada):
    """Changing rights, and that they count at once."""
    theirs = ada.projects.get(project.id)
    assert refused(Forbidden, lambda: ada.files.create_folder("new", project=theirs)) == 5001
    member = get_member(project, "ada")
    member.permissions["write"] = True
    member.permissions["copy"] = False
    member.save()
    assert rights(get_member(project, "ada")) == ["read", "write"]
    folder = ada.files.create_folder("new", project=theirs)
    assert folder.is_folder()
    assert refused(Forbidden, lambda: theirs.remove_member("admin")) == 3001
    owner = get_member(project, "admin")
    owner.permissions["admin"] = False
    assert refused(Forbidden, owner.save) == 3001


def remove(project, ada):
    """Removing a member, and that it counts at once."""
    project.remove_member("ada")
    assert [member.username for member in project.get_members()] == ["admin"]
    assert refused(NotFound, lambda: ada.projects.get(project.id)) == 3002
    assert refused(NotFound, lambda: project.remove_member("ada")) == 3002
    assert refused(NotFound, lambda: get_member(project, "ada")) == 3002


def main():
    api = sevenbridges.Api()
    ada = sevenbridges.Api(url=os.environ["SB_API_ENDPOINT"], token=sys.argv[1], debug=True)
    project = api.projects.create(name="Shared with ada")
    add(project, ada)
    change(project, ada)
    remove(project, ada)


if __name__ == "__main__":
    main()
