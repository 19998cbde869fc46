import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonTesting
import SystemPackage
import Testing

/// Runs with use cases on a folder of their own.
func withScene(_ body: (Scene) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let scene = try await Scene(folder)
    try await body(scene)
    try await scene.disk.shutDown()
    try await scene.metadata.close()
}

/// Use cases on real stores, of which the one for bytes can be interrupted.
struct Scene {
    let folder: URL
    let metadata: SQLMetadataStore
    let disk: DiskObjectStore
    private let interruption = Interruption()
    let files: Files
    let projects: Projects
    let uploads: Uploads
    let user: User
    let project: ProjectID

    init(_ folder: URL) async throws {
        self.folder = folder
        metadata = try await SQLMetadataStore.open(SQLiteSettings(path: folder.appending(path: "db").path))
        disk = try DiskObjectStore(
            DiskSettings(folder: FilePath(folder.appending(path: "objects").path), threads: 1)
        )
        let objects = InterceptedStore(store: disk, afterFinish: { [interruption] in try await interruption.strike() })
        files = Files(metadata: metadata, objects: objects)
        projects = Projects(metadata: metadata, objects: objects)
        uploads = Uploads(metadata: metadata, storage: objects.storage(metadata: metadata), sizing: PartSizing())
        let fixture = try await MetadataFixture(in: metadata)
        user = fixture.user
        project = fixture.project.id
    }

    /// Starts an upload of no bytes.
    ///
    /// - Parameters:
    ///   - place: Where the file is to go.
    ///   - deed: Done once complete has made the bytes a file.
    /// - Returns: Its id.
    /// - Throws: What initialize throws.
    func upload(
        to place: FolderReference,
        meanwhile deed: @escaping @Sendable () async throws -> Void
    ) async throws -> String {
        await interruption.plan(deed)
        let content = DeclaredContent(name: "a.bin", size: 0)
        return try await uploads.initialize(content, in: place, overwrite: false, caller: user).id
    }

    /// Checks that complete is refused, and that nothing is left.
    func expectEnd(of id: String, _ code: PontoonError.Code) async throws {
        try await expectRefusal(code) { try await uploads.complete(id, reports: [], caller: user) }
        try await expectRefusal(.uploadNotFound) { try await uploads.complete(id, reports: [], caller: user) }
        #expect(try leftOnDisk() == [])
        #expect(try await metadata.discardedObjects(limit: 9).map(\.key) == [])
    }

    /// Names of all files of the object store.
    func leftOnDisk() throws -> [String] {
        let names = FileManager.default.enumerator(
            at: folder.appending(path: "objects"),
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        return try #require(names).compactMap { entry in
            guard let url = entry as? URL, url.lastPathComponent != "lock" else { return nil }
            let isFile = try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
            return isFile ? url.lastPathComponent : nil
        }
    }
}

/// What is to happen in the middle of something else, once.
private actor Interruption {
    private var deed: (@Sendable () async throws -> Void)?

    func plan(_ deed: @escaping @Sendable () async throws -> Void) { self.deed = deed }

    func strike() async throws {
        let deed = deed
        self.deed = nil
        try await deed?()
    }
}
