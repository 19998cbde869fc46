import Foundation
import PontoonCore

/// The folders that receive the files of a run, and the existing files and folders with the same names.
struct DestinationFolders: Sendable {
    private var destinations: [FolderPath: UploadDestination]
    /// Existing files and folders whose names were looked up, by folder and name.
    private var contents: [FolderPath: [ByteExactString: FileDetails]] = [:]

    init(_ destination: UploadDestination) { destinations = [FolderPath([]): destination] }

    /// Returns the destination of an item; `nil` if its folder does not exist.
    func destination(of item: UploadItem) -> UploadDestination? { destinations[FolderPath(item.folders)] }

    /// Returns the file or folder with an item's name; `nil` if there is none, or if the name was not looked up.
    func existing(_ item: UploadItem) -> FileDetails? {
        contents[FolderPath(item.folders)]?[ByteExactString(item.name)]
    }

    /// Finds or creates the folders of all items, and looks up the names of some items in those folders.
    ///
    /// Folders are processed level by level; folders of the same level are processed concurrently.
    ///
    /// - Parameters:
    ///   - items: The files.
    ///   - named: The files whose names are looked up at the destination.
    ///   - isOptional: Whether the lookup may be refused, for example because the token may not list files; the names
    ///     are then treated as not looked up.
    ///   - isCreating: Whether to create missing folders; if `false`, their items have no destination.
    ///   - client: Client that finds and creates the folders.
    /// - Throws: ``APIError``, ``ClientError``.
    mutating func prepare(
        _ items: [UploadItem],
        lookingUp named: [UploadItem],
        optionally isOptional: Bool = false,
        creating isCreating: Bool = true,
        client: SevenBridgesClient
    ) async throws {
        let all = Set(items.flatMap { FolderPath($0.folders).withParents })
        for level in Dictionary(grouping: all, by: \.names.count).sorted(by: { $0.key < $1.key }) {
            let parents = destinations
            let found = try await mapConcurrently(level.value, limit: 8) { folder -> UploadDestination? in
                guard let parent = parents[folder.parent], let name = folder.names.last else { return nil }
                if isCreating { return .folder(try await client.folder(name, in: parent)) }
                return try await client.existingFolder(name, in: parent).map { .folder($0) }
            }
            for (folder, destination) in zip(level.value, found) { destinations[folder] = destination }
        }
        let known = destinations
        let names = Dictionary(grouping: named) { FolderPath($0.folders) }.mapValues { $0.map(\.name) }
        let found = try await mapConcurrently(names, limit: 8) { folder, names in
            var files: [ByteExactString: FileDetails] = [:]
            guard let destination = known[folder] else { return (folder, files) }
            // Look up names instead of listing the folder, which may contain a million other files.
            do {
                for batch in Self.batches(names) {
                    for file in try await client.files(in: destination, names: batch).items {
                        files[ByteExactString(file.name)] = file
                    }
                }
            } catch let error as APIError where isOptional && error.status < 500 {}
            return (folder, files)
        }
        contents = Dictionary(uniqueKeysWithValues: found)
    }

    /// Divides names into batches of at most 50, each short enough for a URL's query.
    static func batches(_ names: [String]) -> [[String]] {
        var batches: [[String]] = []
        var length = 4000
        for name in names {
            // Percent-encoding takes at most three characters per byte; six more are for `&name=`.
            let own = name.utf8.count * 3 + 6
            if length + own > 4000 || batches[batches.count - 1].count == 50 {
                batches.append([])
                length = 0
            }
            batches[batches.count - 1].append(name)
            length += own
        }
        return batches
    }
}

extension SevenBridgesClient {
    /// Returns the id of a folder, creating the folder if it does not exist.
    func folder(_ name: String, in destination: UploadDestination) async throws -> String {
        if let id = try await existingFolder(name, in: destination) { return id }
        do {
            return try await createFolder(name, in: destination).id
        } catch let error as APIError where error.status == 409 {
            // Another client created the folder at the same time.
            guard let id = try await existingFolder(name, in: destination) else { throw error }
            return id
        }
    }

    /// Returns the id of a folder; `nil` if it does not exist.
    ///
    /// - Throws: `.requestInvalid` if there is a file with that name.
    func existingFolder(_ name: String, in destination: UploadDestination) async throws -> String? {
        guard let found = try await file(named: name, in: destination) else { return nil }
        guard found.isFolder else {
            throw ClientError(
                .requestInvalid,
                "Cannot create the folder '\(name)': a file with that name exists.",
                advice: "Rename the file on the server, or the local folder."
            )
        }
        return found.id
    }
}
