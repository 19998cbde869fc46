import PontoonCore
import SystemPackage

extension TreeSync {
    /// Deletes files at the destination, and the folders that become empty and do not exist at the source.
    ///
    /// - Parameters:
    ///   - extras: The files.
    ///   - destination: The project or folder on the server that contains them; `nil` for local files.
    ///   - body: Called for each file when it has been deleted, or with the error because of which it was not.
    /// - Throws: ``APIError`` if the token is not valid; any error that concerns every request; `CancellationError`.
    public func delete(
        _ extras: [Extra],
        in destination: UploadDestination?,
        _ body: @escaping @Sendable (Extra, (any Error)?) async -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            let permits = PrioritySemaphore(permits: 8)
            for extra in extras {
                try await permits.acquire(priority: 0)
                group.addTask {
                    defer { permits.release() }
                    do {
                        try await delete(extra)
                        await body(extra, nil)
                    } catch  where !error.concernsEveryRequest {
                        await body(extra, error)
                    }
                }
            }
        }
        let folders = Set(
            extras.flatMap { FolderPath($0.name.split(separator: "/").dropLast().map(String.init)).withParents }
        )
        // Inner folders first, since a folder is empty only without them.
        for emptied in folders.sorted(by: { $0.names.count > $1.names.count }) {
            let path = emptied.names.reduce(folder) { $0.appending($1) }
            if let destination {
                if try await blocking({ LocalEntry(path) == .missing }) {
                    try await deleteIfEmpty(emptied, in: destination)
                }
            } else {
                // Best effort: an empty folder does no harm.
                _ = try await blocking { try? FileSystem.removeIfEmpty(path) }
            }
        }
    }

    private func delete(_ extra: Extra) async throws {
        if let path = extra.path {
            try await blocking {
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
        } else if let id = extra.fileID {
            do {
                try await client.deleteFile(id)
            } catch let error as APIError where error.status == 404 && error.code != nil {
                // It has already been deleted.
            }
        }
    }

    /// Deletes a folder on the server if it is empty; the server refuses to delete one that is not.
    private func deleteIfEmpty(_ folder: FolderPath, in destination: UploadDestination) async throws {
        do {
            var place = destination
            for name in folder.names {
                guard let id = try await client.existingFolder(name, in: place) else { return }
                place = .folder(id)
            }
            guard case .folder(let id) = place, try await client.files(in: place, limit: 1).items.isEmpty else {
                return
            }
            try await client.deleteFile(id)
        } catch  where !error.concernsEveryRequest {
            // Best effort: an empty folder does no harm.
        }
    }
}
