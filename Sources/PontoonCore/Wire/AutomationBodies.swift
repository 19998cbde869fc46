import Foundation

/// An automation as the API shows it.
///
/// `GET /v2/automation/automations/{automation_id}`; source: docs/api.md#code-packages.
package struct AutomationBody: Codable, Sendable {
    package var href: String
    package var id: String
    package var name: String
    package var description: String
    package var owner: String
    package var createdBy: String
    package var createdOn: Timestamp
    package var modifiedBy: String
    package var modifiedOn: Timestamp
    package var archived = false

    private enum CodingKeys: String, CodingKey {
        case href, id, name, description, owner, archived
        case createdBy = "created_by"
        case createdOn = "created_on"
        case modifiedBy = "modified_by"
        case modifiedOn = "modified_on"
    }

    /// Shows an automation.
    package init(_ automation: Automation, base: BaseURL) {
        href = "\(base.api)/automation/automations/\(automation.id)"
        id = automation.id
        name = automation.name
        description = automation.description
        owner = automation.owner
        createdBy = automation.owner
        createdOn = Timestamp(automation.createdOn)
        modifiedBy = automation.owner
        modifiedOn = Timestamp(automation.createdOn)
    }
}

/// A code package as the API shows it.
///
/// `GET /v2/automation/packages/{package_id}`; source: docs/api.md#code-packages.
package struct CodePackageBody: Codable, Sendable {
    package var id: String
    package var automation: String
    package var version: String
    /// Id of the uploaded file.
    package var location: String
    package var schema: JSONValue
    package var createdBy: String
    package var createdOn: Timestamp
    package var archived = false
    package var memoryLimit: Int64?
    package var python: String?

    private enum CodingKeys: String, CodingKey {
        case id, automation, version, location, schema, archived, python
        case createdBy = "created_by"
        case createdOn = "created_on"
        case memoryLimit = "memory_limit"
    }

    /// Shows a package.
    ///
    /// - Throws: When what is stored as its schema is not JSON.
    package init(_ package: CodePackage) throws {
        id = package.id
        automation = package.automation
        version = package.version
        location = package.location
        schema = try JSONDecoder().decode(JSONValue.self, from: Data(package.schema.utf8))
        createdBy = package.createdBy
        createdOn = Timestamp(package.createdOn)
        memoryLimit = package.memoryLimit
        python = package.python
    }
}

/// What complete answers for an upload to an automation; the Python client takes it for a file.
///
/// `POST /v2/automation/upload/{upload_id}/complete`; source: docs/api.md#code-packages.
package struct PackageFileBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var size: Int64
    package var type = "file"
    package var createdOn: Timestamp
    package var checksums: FileBody.Checksums

    private enum CodingKeys: String, CodingKey {
        case id, name, size, type, checksums
        case createdOn = "created_on"
    }

    /// Shows an uploaded package file.
    package init(_ file: PackageFile) {
        id = file.id
        name = file.name
        size = file.content.size
        createdOn = Timestamp(file.createdOn)
        checksums = FileBody.Checksums(crc64nvme: file.content.crc64?.hex, md5: file.content.md5)
    }
}

/// What a new code package is made of, checked.
///
/// `POST /v2/automation/automations/{automation_id}/packages`; source: docs/api.md#code-packages.
package struct CodePackageRequest: Sendable {
    /// The client's name for it, not empty.
    package let version: String
    /// Id of an uploaded file; not checked.
    package let location: String
    /// A JSON object as text.
    package let schema: String
    /// Megabytes.
    package let memoryLimit: Int64?
    /// Version of Python.
    package let python: String?

    /// Reads the body; unknown fields are ignored.
    ///
    /// - Throws: `.badRequest` when `version`, `location` or `schema` is missing, or any field has the wrong type.
    package init(_ value: JSONValue) throws {
        let object = try RequestObject(value, code: .badRequest)
        guard let version = try object.string("version"), !version.isEmpty else {
            throw PontoonError(.badRequest, "The field 'version' is missing.")
        }
        guard let location = try object.string("location") else {
            throw PontoonError(.badRequest, "The field 'location' is missing.")
        }
        guard let schema = try object.object("schema") else {
            throw PontoonError(.badRequest, "The field 'schema' is missing.")
        }
        self.version = version
        self.location = location
        self.schema = String(decoding: try JSONEncoder().encode(schema), as: UTF8.self)
        memoryLimit = try object.integer("memory_limit")
        python = try object.string("python")
    }
}
