import Foundation
import PontoonCore

extension UploadLinkChange {
    /// Reads the fields of create and update; unknown fields are ignored.
    ///
    /// For a password or a limit, `null` removes the current value; in other fields it counts as absent.
    ///
    /// Source: docs/api.md#upload-links.
    ///
    /// - Throws: `.badRequest`.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .badRequest)
        var removed: Set<String> = []
        if case .object(let fields) = value { removed = Set(fields.filter { $0.value == .null }.keys) }
        func change<Value>(_ name: String, _ value: Value?) -> FieldChange<Value> {
            if let value { return .set(value) }
            return removed.contains(name) ? .remove : .keep
        }
        self.init()
        name = try object.string("name")
        note = try object.string("note")
        password = change("password", try object.string("password").map(Secret.init))
        maximumFiles = change("max_files", try object.integer("max_files"))
        maximumBytes = change("max_bytes", try object.integer("max_bytes"))
        expiresOn = try object.time("expires")
    }
}

/// The validated request body of initialize from a sender.
struct InitializeSenderRequest: Sendable {
    /// Names of the folders, relative to the sender's own folder.
    let path: [String]
    /// The declared content.
    let content: DeclaredContent
    /// Extension `part_infos`, as in ``InitializeRequest``.
    let partInfos: PartBatch?

    /// Reads the body; `project`, `parent` and unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid`; `.metadataInvalid` if a metadata value is an object or an array.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        var content = try DeclaredContent(object)
        content.labels = try object.labels()
        self.content = content
        path = try object.strings("path") ?? []
        partInfos = try object.partInfos()
    }
}
