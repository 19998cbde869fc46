package import Foundation

/// What code packages belong to.
///
/// Pontoon runs none: it keeps as much of one as the Python client needs to upload packages.
package struct Automation: Hashable, Sendable {
    /// UUID in lower case.
    package let id: String
    /// User name of the creator, the only one who may see or use it.
    package let owner: String
    /// Display name; not unique.
    package let name: String
    /// Free text.
    package let description: String
    /// When it was created.
    package let createdOn: Date

    /// Joins the fields.
    package init(id: String, owner: String, name: String, description: String, createdOn: Date) {
        self.id = id
        self.owner = owner
        self.name = name
        self.description = description
        self.createdOn = createdOn
    }
}

/// What an upload to an automation becomes: bytes that a code package can name as its location.
///
/// Not a file of a project, and never listed among those. Names need not be unique: each upload makes a new one.
package struct PackageFile: Hashable, Sendable {
    /// 24 lower-case hex digits, like the id of a file.
    package let id: String
    /// Id of its automation.
    package let automation: String
    /// Name as the client gave it.
    package let name: String
    /// The stored bytes.
    package let content: FileContent
    /// When its upload was completed.
    package let createdOn: Date

    /// Joins the fields.
    package init(id: String, automation: String, name: String, content: FileContent, createdOn: Date) {
        self.id = id
        self.automation = automation
        self.name = name
        self.content = content
        self.createdOn = createdOn
    }
}

/// A version of an automation's code.
package struct CodePackage: Hashable, Sendable {
    /// UUID in lower case.
    package let id: String
    /// Id of its automation.
    package let automation: String
    /// The client's name for it; not unique.
    package let version: String
    /// Id of the ``PackageFile`` that holds the code.
    package let location: String
    /// What the code takes and gives, a JSON object as text; kept and returned, not interpreted.
    package let schema: String
    /// Megabytes, as the client asked.
    package let memoryLimit: Int64?
    /// Version of Python, as the client asked.
    package let python: String?
    /// User name of the creator.
    package let createdBy: String
    /// When it was created.
    package let createdOn: Date

    /// Joins the fields.
    package init(
        id: String,
        automation: String,
        version: String,
        location: String,
        schema: String,
        memoryLimit: Int64?,
        python: String?,
        createdBy: String,
        createdOn: Date
    ) {
        self.id = id
        self.automation = automation
        self.version = version
        self.location = location
        self.schema = schema
        self.memoryLimit = memoryLimit
        self.python = python
        self.createdBy = createdBy
        self.createdOn = createdOn
    }
}
