import PontoonCore

/// The validated request body of the call that initializes an upload of a file.
struct InitializeRequest: Sendable {
    /// The folder of the new file.
    let folder: FolderReference
    let content: DeclaredContent
    /// Extension `part_infos`: the part infos to include in the response; `nil` omits the field.
    let partInfos: PartBatch?

    /// Reads the body; unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid` if a field is missing or invalid; `.metadataInvalid` if a metadata value is an
    ///   object or an array; `.uploadProjectMalformed` if `project` does not have the form `owner/project`.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        let project = try object.string("project")
        let parent = try object.string("parent")
        var content = try DeclaredContent(object)
        content.labels = try object.labels()
        self.content = content
        partInfos = try object.partInfos()
        switch (project, parent) {
        case (let project?, nil):
            guard let id = ProjectID(project) else {
                throw PontoonError(.uploadProjectMalformed, "The field 'project' must have the form owner/project.")
            }
            folder = .project(id)
        case (nil, let parent?):
            folder = .folder(id: parent)
        default:
            throw PontoonError(.initializeInvalid, "Exactly one of 'project' and 'parent' must be given.")
        }
    }
}

/// The validated request body of the call that initializes an upload of a code package.
struct InitializePackageRequest: Sendable {
    /// Id of the automation.
    let automation: String
    /// The declared content, whose size is present and at least 1 byte.
    let content: DeclaredContent
    /// Extension `part_infos`, as in ``InitializeRequest``.
    let partInfos: PartBatch?

    /// Reads the body; unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid` if a field is missing or invalid.
    init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        content = try DeclaredContent(object)
        partInfos = try object.partInfos()
        guard let automation = try object.string("automation_id") else {
            throw PontoonError(.initializeInvalid, "The field 'automation_id' is missing.")
        }
        guard let size = content.size, size > 0 else {
            throw PontoonError(
                .initializeInvalid,
                "The field 'size' is required for a code package and must be at least 1 byte."
            )
        }
        self.automation = automation
    }
}

extension DeclaredContent {
    /// Reads and validates the fields common to file uploads and code package uploads.
    ///
    /// - Throws: `.initializeInvalid` if `name` is missing or a field is invalid.
    init(_ object: RequestObject) throws(PontoonError) {
        let name = try object.string("name")
        let size = try object.integer("size")
        let partSize = try object.integer("part_size")
        let md5 = try object.string("md5")?.lowercased()
        guard let name else { throw PontoonError(.initializeInvalid, "The field 'name' is missing.") }
        if let problem = FileName.problem(with: name) { throw PontoonError(.initializeInvalid, problem) }
        if let size, !(0...PartSizing.maximumFileSize).contains(size) {
            throw PontoonError(.initializeInvalid, "The field 'size' must be 0 to \(PartSizing.maximumFileSize) bytes.")
        }
        if let md5, md5.count != 32 || !md5.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            throw PontoonError(.initializeInvalid, "The field 'md5' must be 32 hex digits.")
        }
        self.init(name: name, size: size, requestedPartSize: partSize, md5: md5)
    }
}

extension RequestObject {
    /// Reads the metadata and tags of the extension `upload_labels`; a missing field counts as empty.
    ///
    /// - Throws: `.initializeInvalid` if a field has the wrong type; `.metadataInvalid` if a metadata value is an
    ///   object or an array.
    func labels() throws(PontoonError) -> FileLabels {
        let metadata = try object("metadata").map { fields throws(PontoonError) in try MetadataChange.read(fields) }
        return FileLabels(metadata: (metadata ?? [:]).compactMapValues { $0 }, tags: try tags() ?? [])
    }

    /// Reads the extension field `part_infos`; returns `nil` if it is absent.
    ///
    /// - Throws: `.initializeInvalid` if the field is negative or not an integer.
    func partInfos() throws(PontoonError) -> PartBatch? {
        guard let count = try integer("part_infos") else { return nil }
        guard count >= 0 else {
            throw PontoonError(.initializeInvalid, "The field 'part_infos' must be 0 or more.")
        }
        return PartBatch(count: Int(clamping: count))
    }
}
