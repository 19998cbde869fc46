public import Foundation
public import SystemPackage

/// The uploads that were begun from this machine and not finished, as their journals tell.
public struct UploadsInProgress: Sendable {
    /// One of them.
    public struct Entry: Sendable {
        /// The file and its labels.
        public let item: UploadItem
        /// Where it goes.
        public let destination: UploadDestination
        /// Address of the API.
        public let endpoint: String
        /// The upload's id.
        public let uploadID: String
        /// When it was begun.
        public let began: Date
        let journal: FilePath
    }

    /// They, the oldest first.
    public let entries: [Entry]

    /// Reads the journals below a state folder; blocks.
    ///
    /// - Throws: `.stateUnusable`.
    public init(state: FilePath) throws {
        entries = try StateFolder(state).heads().map { path, head in
            let names = head.remotePath.split(separator: "/").map(String.init)
            return Entry(
                item: UploadItem(
                    source: FilePath(head.source),
                    name: names.last ?? "",
                    folders: names.dropLast(),
                    tags: head.tags,
                    metadata: head.metadata
                ),
                destination: head.destinationKind == "parent" ? .folder(head.destination) : .project(head.destination),
                endpoint: head.endpoint,
                uploadID: head.upload,
                began: head.began,
                journal: path
            )
        }
    }

    /// Forgets uploads that are gone at the server; those that a process is at stay.
    ///
    /// - Throws: `.stateUnusable`.
    public func forget(_ uploads: Set<String>) throws {
        for entry in entries where uploads.contains(entry.uploadID) {
            let key = JournalKey(
                endpoint: entry.endpoint,
                destination: entry.destination,
                source: entry.item.source.string,
                remotePath: entry.item.remotePath
            )
            do {
                try Journal<JournalHead>(entry.journal, for: key.work).remove()
            } catch let error as ClientError where error.code == .busy {
                continue
            }
        }
    }
}
