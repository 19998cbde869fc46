/// What initialize asks for, checked.
///
/// `POST /v2/upload/multipart`; source: docs/api.md#initialize.
package struct InitializeRequest: Sendable {
    /// Where the file is to go.
    package enum Destination: Sendable {
        case project(ProjectID)
        case folder(id: String)
    }

    /// Project root or folder.
    package let destination: Destination
    /// The file to be.
    package let content: DeclaredContent

    /// Reads the body; unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid`; `.uploadProjectMalformed` when `project` is not `owner/name`.
    package init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        let project = try object.string("project")
        let parent = try object.string("parent")
        content = try DeclaredContent(object)
        switch (project, parent) {
        case (let project?, nil):
            guard let id = ProjectID(project) else {
                throw PontoonError(.uploadProjectMalformed, "The field 'project' must have the form owner/project.")
            }
            destination = .project(id)
        case (nil, let parent?):
            destination = .folder(id: parent)
        default:
            throw PontoonError(.initializeInvalid, "Exactly one of 'project' and 'parent' must be given.")
        }
    }
}

/// What initialize asks for when the bytes are a code package, checked.
///
/// `POST /v2/automation/upload`; source: docs/api.md#code-packages.
package struct InitializePackageRequest: Sendable {
    /// Id of the automation.
    package let automation: String
    /// The package to be; its size is known and not 0.
    package let content: DeclaredContent

    /// Reads the body; unknown fields are ignored.
    ///
    /// - Throws: `.initializeInvalid`.
    package init(_ value: JSONValue) throws(PontoonError) {
        let object = try RequestObject(value, code: .initializeInvalid)
        content = try DeclaredContent(object)
        guard let automation = try object.string("automation_id") else {
            throw PontoonError(.initializeInvalid, "The field 'automation_id' is missing.")
        }
        guard let size = content.size, size > 0 else {
            throw PontoonError(.initializeInvalid, "The field 'size' must be given; a code package is not empty.")
        }
        self.automation = automation
    }
}

/// What a client says of the bytes it is about to upload, wherever they go.
package struct DeclaredContent: Sendable {
    /// Name of the file to be.
    package let name: String
    /// Declared length in bytes, 0 to 5 TiB; `nil` when unknown.
    package let size: Int64?
    /// Wished bytes per part; not checked, an unusable wish is replaced.
    package let partSize: Int64?
    /// Declared MD5 of the file, 32 lower-case hex digits.
    package let md5: String?
    /// Extension `part_infos`: how many part infos the answer is to have, if it has the field at all.
    package let partInfos: PartBatch?

    /// Reads the fields.
    ///
    /// - Throws: `.initializeInvalid`.
    fileprivate init(_ object: RequestObject) throws(PontoonError) {
        let name = try object.string("name")
        size = try object.integer("size")
        partSize = try object.integer("part_size")
        md5 = try object.string("md5")?.lowercased()
        guard let name else { throw PontoonError(.initializeInvalid, "The field 'name' is missing.") }
        if let problem = FileName.problem(with: name) { throw PontoonError(.initializeInvalid, problem) }
        self.name = name
        if let size, !(0...PartSizing.maximumFileSize).contains(size) {
            throw PontoonError(.initializeInvalid, "The field 'size' must be 0 to \(PartSizing.maximumFileSize) bytes.")
        }
        let partInfos = try object.integer("part_infos")
        if let partInfos, partInfos < 0 {
            throw PontoonError(.initializeInvalid, "The field 'part_infos' must be 0 or more.")
        }
        self.partInfos = partInfos.map { PartBatch(count: Int(clamping: $0)) }
        if let md5, md5.count != 32 || !md5.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            throw PontoonError(.initializeInvalid, "The field 'md5' must be 32 hex digits.")
        }
    }
}
