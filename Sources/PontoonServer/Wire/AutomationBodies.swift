import Foundation
import PontoonCore

/// The JSON body that describes an automation.
///
/// `GET /v2/automation/automations/{automation_id}`; source: docs/api.md#code-packages.
struct AutomationBody: JSONWritable {
    let automation: Automation
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("archived", automation.isArchived)
            json.field("created_by", automation.owner)
            json.field("created_on", Timestamp(automation.createdOn))
            json.field("description", automation.description)
            json.field("href", "\(base.api)/automation/automations/\(automation.id)")
            json.field("id", automation.id)
            json.field("modified_by", automation.owner)
            json.field("modified_on", Timestamp(automation.modifiedOn))
            json.field("name", automation.name)
            json.field("owner", automation.owner)
        }
    }
}

/// The JSON body that describes a code package.
///
/// `GET /v2/automation/packages/{package_id}`; source: docs/api.md#code-packages.
struct CodePackageBody: JSONWritable {
    let package: CodePackage

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("archived", package.isArchived)
            json.field("automation", package.automation)
            json.field("created_by", package.createdBy)
            json.field("created_on", Timestamp(package.createdOn))
            json.field("id", package.id)
            json.field("location", package.location)
            json.field("memory_limit", package.memoryLimit)
            json.field("python", package.python)
            json.field("schema", StoredJSON(text: package.schema))
            json.field("version", package.version)
        }
    }
}

/// The response to completing a code package upload, which the Python client parses as a file.
///
/// `POST /v2/automation/upload/{upload_id}/complete`; source: docs/api.md#code-packages.
struct PackageFileBody: JSONWritable {
    let file: PackageFile

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("checksums", FileBody.Checksums(content: file.content))
            json.field("created_on", Timestamp(file.createdOn))
            json.field("id", file.id)
            json.field("name", file.name)
            json.field("size", file.content.size)
            json.field("type", "file")
        }
    }
}

extension NewCodePackage {
    /// Reads the body of `POST /v2/automation/automations/{automation_id}/packages`; unknown fields are ignored.
    ///
    /// - Throws: `.badRequest` if `version`, `location` or `schema` is missing, `version` is empty, or one of the known
    ///   fields has the wrong type.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .badRequest)
        guard let version = try object.string("version"), !version.isEmpty else {
            throw PontoonError(.badRequest, "The field 'version' is missing or empty.")
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
            schema: JSONValue.object(schema).text,
            memoryLimit: try object.integer("memory_limit"),
            python: try object.string("python")
        )
    }
}
