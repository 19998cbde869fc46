package import PontoonFoundation

/// An automation, which owns code packages.
///
/// Pontoon does not run automations. It stores them so that the Python client can upload code packages.
package struct Automation: Hashable, Sendable {
    /// UUID in lower case.
    package let id: String
    /// User name of the creator, the only user who can see the automation.
    package let owner: String
    /// Display name; not unique.
    package let name: String
    package let description: String
    package let createdOn: Date
    /// Time of the last change; ``createdOn`` if there was none.
    package let modifiedOn: Date
    /// Whether the automation is archived, and therefore listed only on request.
    package let isArchived: Bool

    package init(
        id: String,
        owner: String,
        name: String,
        description: String,
        createdOn: Date,
        modifiedOn: Date? = nil,
        isArchived: Bool = false
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.description = description
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn ?? createdOn
        self.isArchived = isArchived
    }
}

/// Changes to an automation; `nil` leaves a field unchanged.
package struct AutomationChange: Hashable, Sendable {
    package var name: String?
    package var description: String?
    package var isArchived: Bool?

    package init(name: String? = nil, description: String? = nil, isArchived: Bool? = nil) {
        self.name = name
        self.description = description
        self.isArchived = isArchived
    }
}

/// The conditions that an automation must meet to be listed.
package struct AutomationFilter: Hashable, Sendable {
    /// The exact name; `nil` selects automations with any name.
    package var name: String?
    /// Whether archived automations are included.
    package var includesArchived: Bool

    package init(name: String? = nil, includesArchived: Bool = false) {
        self.name = name
        self.includesArchived = includesArchived
    }
}

/// A file uploaded to an automation, to which ``CodePackage/location`` refers.
///
/// It belongs to no project and appears in no list of files. Names need not be unique: every upload creates a new file.
package struct PackageFile: Hashable, Sendable {
    /// 24 lower-case hex digits, like the id of a project's file.
    package let id: String
    /// Id of its automation.
    package let automation: String
    package let name: String
    package let content: FileContent
    package let createdOn: Date

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
    /// Name of the version, chosen by the client; not unique.
    package let version: String
    /// Id of the ``PackageFile`` with the code.
    package let location: String
    /// JSON object, as text, that describes the code's inputs and outputs; stored and returned, but not interpreted.
    package let schema: String
    /// Requested memory in megabytes; `nil` if the client did not request any.
    package let memoryLimit: Int64?
    /// Requested Python version; `nil` if the client did not request one.
    package let python: String?
    /// User name of the creator.
    package let createdBy: String
    package let createdOn: Date
    /// Whether the package is archived; archived packages are still listed.
    package let isArchived: Bool

    package init(
        id: String,
        automation: String,
        version: String,
        location: String,
        schema: String,
        memoryLimit: Int64?,
        python: String?,
        createdBy: String,
        createdOn: Date,
        isArchived: Bool = false
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
        self.isArchived = isArchived
    }
}

/// Changes to a code package; `nil` leaves a field unchanged.
package struct CodePackageChange: Hashable, Sendable {
    package var memoryLimit: Int64?
    package var isArchived: Bool?

    package init(memoryLimit: Int64? = nil, isArchived: Bool? = nil) {
        self.memoryLimit = memoryLimit
        self.isArchived = isArchived
    }
}
