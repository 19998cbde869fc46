import PontoonCore
import SystemPackage

extension TreeSync {
    /// Maximum number of files whose names are looked up at a time.
    private static let filesPerLookup = 1000

    /// Deletes files at the destination, and the folders that become empty and do not exist at the source.
    ///
    /// Before deleting a file, checks that it has not changed since it was found and that it still does not exist at
    /// the source, because a long transfer may have run in the meantime.
    ///
    /// - Parameters:
    ///   - extras: The files to delete, from ``Plan/extras``.
    ///   - place: The project or folder on the server. It is the destination or, if local files are deleted, the
    ///     source.
    ///   - body: Called for each file, possibly concurrently: with `nil` if the file was deleted or no longer existed,
    ///     otherwise with the error.
    /// - Throws: Any error that is likely to affect every file, such as an invalid token; `CancellationError`. The
    ///   remaining files are then neither deleted nor passed to `body`.
    public func delete(
        _ extras: [Extra],
        in place: UploadDestination,
        _ body: @escaping @Sendable (Extra, (any Error)?) async -> Void
    ) async throws {
        for start in stride(from: 0, to: extras.count, by: Self.filesPerLookup) {
            let extras = Array(extras[start...].prefix(Self.filesPerLookup))
            let items = extras.map(\.item)
            var folders = DestinationFolders(place)
            try await folders.prepare(items, creating: false, client)
            let files = try await folders.existing(items.indices, of: items, optionally: false, client)
            try await forEachConcurrently(extras.indices, limit: 8) { [folders] index in
                do {
                    // Throws if the folder could not be looked up.
                    _ = try folders.destination(of: items[index])
                    try await delete(extras[index], try files[index]?.get())
                    await body(extras[index], nil)
                } catch  where !error.concernsEveryRequest {
                    await body(extras[index], error)
                }
            }
        }
        try await deleteEmptied(extras, in: place)
    }

    /// Deletes a file.
    ///
    /// - Parameters:
    ///   - extra: The file.
    ///   - there: The file or folder at this path on the server; `nil` if there is none.
    /// - Throws: `.fileChanged` if the file has changed since it was found, or now exists at the source;
    ///   `.fileUnwritable` if a local file cannot be deleted; ``APIError``.
    private func delete(_ extra: Extra, _ there: FileDetails?) async throws {
        switch extra.found {
        case .here(let facts):
            guard let path = extra.path else { return }
            if there != nil { throw Self.changed(extra, "it has been created on the server") }
            try await blocking {
                guard let status = try? FileStatus(path) else { return }
                guard FileFacts(status) == facts else { throw Self.changed(extra, "it has changed") }
                do {
                    try FileSystem.remove(path)
                } catch {
                    throw ClientError(
                        .fileUnwritable,
                        "Cannot delete '\(path)': \(error).",
                        advice: "Check the permissions of its folder."
                    )
                }
            }
        case .there(let size, let crc64):
            guard let there else { return }
            let path = (extra.item.folders + [extra.item.name]).reduce(folder) { $0.appending($1) }
            if try await blocking({ LocalEntry(path) != .missing }) {
                throw Self.changed(extra, "it has been created in the local folder")
            }
            let now = DownloadItem(there, remotePath: "", target: path)
            guard there.id == extra.fileID, size == nil || now.size == size, crc64 == nil || now.crc64 == crc64 else {
                throw Self.changed(extra, "it has changed")
            }
            do {
                try await client.deleteFile(there.id)
            } catch let error as APIError where error.status == 404 && error.code != nil {
                // It has already been deleted.
            }
        }
    }

    private static func changed(_ extra: Extra, _ reason: String) -> ClientError {
        ClientError(
            .fileChanged,
            "'\(extra.name)' was not deleted, because \(reason) since the synchronization began.",
            advice: "Run the same command again."
        )
    }

    /// Deletes the folders in the paths of `extras` that are now empty and do not exist at the source.
    ///
    /// Ignores errors that affect only one folder, because an empty folder does no harm.
    private func deleteEmptied(_ extras: [Extra], in place: UploadDestination) async throws {
        let isLocal = extras.contains { $0.path != nil }
        let emptied = Set(extras.flatMap { FolderPath($0.item.folders).withParents })
        // Inner folders first, because a folder that contains them is not empty.
        for folder in emptied.sorted(by: { $0.names.count > $1.names.count }) {
            let path = folder.names.reduce(self.folder) { $0.appending($1) }
            do {
                if isLocal {
                    guard try await id(of: folder, in: place) == nil else { continue }
                    _ = try await blocking { try FileSystem.removeIfEmpty(path) }
                } else if try await blocking({ LocalEntry(path) == .missing }),
                    let id = try await id(of: folder, in: place),
                    try await client.files(in: .folder(id), limit: 1).items.isEmpty
                {
                    // The server refuses to delete a folder that is not empty.
                    try await client.deleteFile(id)
                }
            } catch  where !error.concernsEveryRequest {}
        }
    }

    /// Returns the id of a folder on the server; `nil` if it does not exist.
    private func id(of folder: FolderPath, in place: UploadDestination) async throws -> String? {
        var (place, id) = (place, String?.none)
        for name in folder.names {
            guard let found = try await client.existingFolder(name, in: place) else { return nil }
            (place, id) = (.folder(found), found)
        }
        return id
    }
}
