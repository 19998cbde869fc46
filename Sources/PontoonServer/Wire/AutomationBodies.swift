import Foundation
import PontoonCore

/// An automation as the API shows it.
///
/// `GET /v2/automation/automations/{automation_id}`; source: docs/api.md#code-packages.
struct AutomationBody: Codable, Sendable {
    var href: String
    var id: String
    var name: String
    var description: String
    var owner: String
    var createdBy: String
    var createdOn: Timestamp
    var modifiedBy: String
    var modifiedOn: Timestamp
    var archived = false

    private enum CodingKeys: String, CodingKey {
        case href, id, name, description, owner, archived
        case createdBy = "created_by"
        case createdOn = "created_on"
        case modifiedBy = "modified_by"
        case modifiedOn = "modified_on"
    }

    /// Shows an automation.
    init(_ automation: Automation, base: BaseURL) {
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
struct CodePackageBody: Codable, Sendable {
    var id: String
    var automation: String
    var version: String
    /// Id of the uploaded file.
    var location: String
    var schema: JSONValue
    var createdBy: String
    var createdOn: Timestamp
    var archived = false
    var memoryLimit: Int64?
    var python: String?

    private enum CodingKeys: String, CodingKey {
        case id, automation, version, location, schema, archived, python
        case createdBy = "created_by"
        case createdOn = "created_on"
        case memoryLimit = "memory_limit"
    }

    /// Shows a package.
    ///
    /// - Throws: When what is stored as its schema is not JSON.
    init(_ package: CodePackage) throws {
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
struct PackageFileBody: Codable, Sendable {
    var id: String
    var name: String
    var size: Int64
    var type = "file"
    var createdOn: Timestamp
    var checksums: FileBody.Checksums

    private enum CodingKeys: String, CodingKey {
        case id, name, size, type, checksums
        case createdOn = "created_on"
    }

    /// Shows an uploaded package file.
    init(_ file: PackageFile) {
        id = file.id
        name = file.name
        size = file.content.size
        createdOn = Timestamp(file.createdOn)
        checksums = FileBody.Checksums(crc64nvme: file.content.crc64?.hex, md5: file.content.md5)
    }
}

extension NewCodePackage {
    /// Reads the body of `POST /v2/automation/automations/{automation_id}/packages`; unknown fields are ignored.
    ///
    /// - Throws: `.badRequest` when `version`, `location` or `schema` is missing, or any field has the wrong type.
    init(_ value: JSONValue) throws {
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
        self.init(
            version: version,
            location: location,
            schema: String(decoding: try JSONEncoder().encode(schema), as: UTF8.self),
            memoryLimit: try object.integer("memory_limit"),
            python: try object.string("python")
        )
    }
}
