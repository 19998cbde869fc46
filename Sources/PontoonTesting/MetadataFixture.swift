package import Foundation
package import PontoonCore

/// A stored user with a stored project, and factories for values that can be stored in the project.
package struct MetadataFixture: Sendable {
    /// The default time of all values: a whole second, because stores keep only milliseconds.
    package static let time = Date(timeIntervalSince1970: 1_750_000_000)

    /// The owner of ``project``.
    package let user: User
    package let project: Project

    /// Adds a user and a project owned by the user to a store.
    ///
    /// - Throws: ``ContractViolation`` if the project exists; an error of the store.
    package init(in store: some MetadataStore, user name: String = "ada", project short: String = "reads") async throws
    {
        user = User(name: name, createdOn: Self.time)
        project = Self.project(ProjectID(owner: name, shortName: short))
        try await store.addUser(user)
        try expect(try await store.addProject(project), "a new project is added")
    }

    /// Id of the project's root folder.
    package var root: String { project.rootFolder }

    /// Creates a project without storing it.
    package static func project(_ id: ProjectID, name: String = "Reads", tags: [String] = []) -> Project {
        Project(
            id: id,
            uuid: Identifiers.uuid(),
            name: name,
            tags: tags,
            billingGroup: Identifiers.uuid(),
            rootFolder: Identifiers.file(now: time),
            createdBy: id.owner,
            createdOn: time
        )
    }

    /// Creates a folder, by default in the root folder of ``project``, without storing it.
    package func folder(_ name: String, in parent: String? = nil) -> File {
        File(
            id: Identifiers.file(now: Self.time),
            name: name,
            kind: .folder,
            project: project.id,
            parent: parent ?? root,
            content: nil,
            createdOn: Self.time
        )
    }

    /// Creates an upload of ten bytes with a part size of five bytes, without storing it.
    ///
    /// If `parent` is `nil`, the destination is ``project``.
    package func upload(
        _ name: String = "a.bam",
        in parent: String? = nil,
        overwrite: Bool = false,
        initiatedOn: Date = Self.time,
        session: SenderSession? = nil
    ) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: user.name,
            destination: .folder(id: parent ?? root, project: project.id, wasGivenByFolder: parent != nil),
            name: name,
            size: 10,
            partSize: 5,
            md5: nil,
            rule: overwrite ? .overwrite : .fail,
            senderSession: session?.id,
            key: .random(),
            initiatedOn: initiatedOn
        )
    }

    /// Creates the file that completing an upload to a folder would create, without storing it.
    ///
    /// If `key` is `nil`, the file has the upload's object.
    package func file(of upload: Upload, key: ObjectKey? = nil, createdOn: Date = Self.time) -> File {
        guard case .folder(let parent, let project, _) = upload.destination else {
            preconditionFailure("the upload is for an automation")
        }
        return File(
            id: Identifiers.file(now: createdOn),
            name: upload.name,
            kind: .file,
            project: project,
            parent: parent,
            content: Self.content(of: upload, key: key),
            createdOn: createdOn
        )
    }

    /// Creates the content of an upload's file, with a fixed length and fixed checksums.
    static func content(of upload: Upload, key: ObjectKey? = nil) -> FileContent {
        FileContent(
            key: key ?? upload.key,
            size: 10,
            crc64: CRC64NVME(rawValue: .max - 1),
            md5: "9e107d9d372bb6826bd81d3542a419d6"
        )
    }

    /// Creates a record of a part that is stored in place, with a fixed checksum, without storing the record.
    package static func part(
        _ number: Int,
        etag: String = "0123456789abcdef",
        size: Int64 = 5,
        storedOn: Date = time
    ) throws -> PartRecord {
        PartRecord(
            number: try PartNumber(number),
            size: size,
            etag: etag,
            crc64: CRC64NVME(rawValue: 0xFEDC_BA98_7654_3210),
            location: .inPlace,
            storedOn: storedOn
        )
    }

    /// Adds a file of ten bytes by completing a new upload.
    ///
    /// If `key` is `nil`, the file has the upload's object.
    @discardableResult
    package func addFile(
        _ name: String,
        in parent: String? = nil,
        to store: some MetadataStore,
        tags: [String] = [],
        metadata: [String: String] = [:],
        key: ObjectKey? = nil
    ) async throws -> File {
        let upload = upload(name, in: parent)
        try await store.addUpload(upload)
        try expect(try await store.beginCompletion(of: upload.id), "an active upload can be leased")
        var file = file(of: upload, key: key)
        file.tags = tags
        file.metadata = metadata
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "an upload completes")
        return file
    }

    /// Adds an upload and acquires its completion lease, which does not expire.
    package func addCompletingUpload(_ upload: Upload, to store: some MetadataStore) async throws {
        try await store.addUpload(upload)
        try expect(try await store.beginCompletion(of: upload.id), "an active upload can be leased")
    }
}

extension Page {
    /// A page that is large enough for every list in the contracts.
    package static let all = Page(offset: 0, limit: 100)
}
