import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonTesting
import SystemPackage
import Testing

/// Runs `body` with use cases over stores in a temporary folder.
func withUseCases(_ body: (UseCaseHarness) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
        let harness = try await UseCaseHarness(folder)
        let result: Result<Void, any Error>
        do { result = .success(try await body(harness)) } catch { result = .failure(error) }
        try await harness.disk.shutDown()
        try await harness.metadata.close()
        try result.get()
    }
}

/// Use cases over SQLite and a disk store that a test can interrupt after it has finished an object.
struct UseCaseHarness {
    let folder: FilePath
    let metadata: SQLMetadataStore
    let disk: DiskObjectStore
    private let interruption = OneTimeAction()
    let files: Files
    let projects: Projects
    let uploads: Uploads
    let user: Caller
    let project: ProjectID

    init(_ folder: FilePath) async throws {
        self.folder = folder
        metadata = try await SQLMetadataStore.open(SQLiteSettings(path: folder.appending("db").string))
        disk = try DiskObjectStore(DiskSettings(folder: folder.appending("objects"), threads: 1))
        let objects = InterceptedStore(store: disk, afterFinish: interruption.run)
        files = Files(metadata: metadata, objects: objects)
        projects = Projects(metadata: metadata, objects: objects)
        uploads = Uploads(metadata: metadata, storage: objects.storage(metadata: metadata), sizing: PartSizing())
        let fixture = try await MetadataFixture(in: metadata)
        user = Caller(fixture.user)
        project = fixture.project.id
    }

    /// Initializes an upload of size 0.
    ///
    /// - Parameters:
    ///   - place: Destination project or folder of the file.
    ///   - action: Runs once during the next completion, after the object is finished and before the file is committed.
    /// - Returns: The upload's id.
    /// - Throws: The error of the initialize call.
    func upload(
        to place: FolderReference,
        meanwhile action: @escaping @Sendable () async throws -> Void
    ) async throws -> String {
        interruption.set(action)
        let content = DeclaredContent(name: "a.bin", size: 0)
        return try await uploads.initialize(content, in: place, rule: .fail, caller: user).id
    }

    /// Checks that completing the upload is refused, and that this leaves neither the upload nor an object.
    func expectEnd(of id: String, _ code: PontoonError.Code) async throws {
        try await expectRefusal(code) { try await uploads.complete(id, reports: [], caller: user) }
        try await expectRefusal(.uploadNotFound) { try await uploads.complete(id, reports: [], caller: user) }
        #expect(try leftOnDisk() == [])
        #expect(try await metadata.discardedObjects(limit: 9).map(\.key) == [])
    }

    /// Returns the names of all files of the object store except its lock files.
    func leftOnDisk() throws -> [String] {
        let names = FileManager.default.enumerator(
            at: URL(filePath: folder.appending("objects").string),
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        return try #require(names).compactMap { entry in
            guard let url = entry as? URL, url.pathExtension != "lock", url.lastPathComponent != "lock" else {
                return nil
            }
            let isFile = try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
            return isFile ? url.lastPathComponent : nil
        }
    }
}
