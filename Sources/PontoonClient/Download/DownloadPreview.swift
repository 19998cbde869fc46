import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

/// The result of a dry run: the action that a download would take for each file.
public struct DownloadPreview: Sendable {
    /// The action that a download would take for a file.
    public enum Action: Sendable {
        /// The file would be downloaded.
        case receive
        /// An unfinished download would be resumed.
        case resume
        /// The file would replace the existing file at its target.
        case replace
        /// No action: the existing file has the same bytes.
        case alreadyThere
        /// No action: a file exists at the target, and ``TransferOptions/ConflictPolicy/skip`` is set.
        case skip
        /// The download of the file would fail.
        case fail(any Error)
    }

    /// The action for one file.
    public struct Entry: Sendable {
        /// The file, as it was passed to the preview.
        public let item: DownloadItem
        /// Length in bytes; 0 if it is not known.
        public let size: Int64
        /// The action for the file.
        public let action: Action
    }

    /// The actions for the files, in the order of the items.
    public let entries: [Entry]

    /// Total length in bytes of the files that would be downloaded, including ranges that an earlier run already
    /// received.
    public var bytes: Int64 {
        entries.lazy.map { entry in
            switch entry.action {
            case .receive, .resume, .replace: entry.size
            case .alreadyThere, .skip, .fail: 0
            }
        }
        .clampedSum
    }
}

extension Downloader {
    /// Returns the actions that ``download(_:observe:)`` would take, without changing anything.
    ///
    /// If the file on the server has the same length as a local file and the server provides its checksum, the local
    /// file is read to compare the checksums, except with ``TransferOptions/ConflictPolicy/skip``.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if two files have the same target; `CancellationError`.
    public func preview(_ items: [DownloadItem]) async throws -> DownloadPreview {
        try Self.check(items)
        var entries: [DownloadPreview.Entry] = []
        entries.reserveCapacity(items.count)
        try await forEachInOrder(items, limit: 8) { item in
            do {
                return try await entry(item)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                return DownloadPreview.Entry(item: item, size: max(0, item.size ?? 0), action: .fail(error))
            }
        } _: {
            entries.append($0)
        }
        return DownloadPreview(entries: entries)
    }

    private func entry(_ item: DownloadItem) async throws -> DownloadPreview.Entry {
        if let problem = item.problem { throw problem }
        let details = item.size == nil ? try await client.fetchDetails(of: item) : item
        let size = try details.validSize()
        let action = try await NIOThreadPool.singleton.runIfActive { try self.action(details, size) }
        return DownloadPreview.Entry(item: item, size: size, action: action)
    }

    private func action(_ details: DownloadItem, _ size: Int64) throws -> DownloadPreview.Action {
        let target = details.target
        switch try FileDownload.ending(of: details, size: size, options.transfer.conflictPolicy)?.outcome {
        case .alreadyThere: return .alreadyThere
        case .skipped: return .skip
        default: break
        }
        try Self.checkFolder(of: target)
        if FileManager.default.fileExists(atPath: target.string) { return .replace }
        let head = DownloadHead(details, size: size, endpoint: client.endpoint, rangeSize: options.rangeSize)
        let earlier = try Journal<DownloadHead>.head(at: PartialFile.paths(target).journal)
        return options.transfer.resumes && earlier?.isSameFile(as: head) == true ? .resume : .receive
    }

    /// Checks that the folder of a target exists or can be created.
    ///
    /// - Throws: `.fileUnwritable` if the nearest existing parent of the target is not a writable folder.
    private static func checkFolder(of target: FilePath) throws {
        var folder = FilePath(target.absolute).removingLastComponent()
        while LocalEntry(folder) == .missing, folder.removeLastComponent() {}
        guard case .folder = LocalEntry(folder), FileManager.default.isWritableFile(atPath: folder.string) else {
            throw ClientError(
                .fileUnwritable,
                "Cannot write '\(target)': '\(folder)' is not a folder in which you can create files.",
                advice: "Check its permissions, or choose another --output."
            )
        }
    }
}
