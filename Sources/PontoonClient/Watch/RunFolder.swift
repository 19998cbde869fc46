import NIOPosix
import PontoonCore
import SystemPackage

/// The folder of a run: the watched folder or a folder below it.
struct RunFolder: Hashable, Sendable {
    let path: FilePath
    /// Path of the run's folder below the destination, as folder names, outermost first.
    let folders: [String]

    /// Finds the folders of runs, which are all at the same depth below the watched folder.
    ///
    /// Blocks the calling thread. Ignores `lost+found`, folders whose names begin with a dot, and names that are not
    /// valid UTF-8. Below `root`, also ignores folders that no longer exist or that the user may not read.
    ///
    /// - Parameters:
    ///   - root: The watched folder.
    ///   - depth: Number of levels from `root` to a run; 0 if `root` itself is a run.
    /// - Returns: The folders of the runs. Folders with the same parent are in byte order of their names.
    /// - Throws: `.notFound` or `.fileUnreadable` if `depth` is positive and `root` cannot be read; `.fileUnreadable`
    ///   if a folder below it cannot be read for another reason.
    static func find(in root: FilePath, depth: Int) throws -> [RunFolder] {
        let root = FilePath(root.absolute)
        var found = [RunFolder(path: root, folders: depth == 0 ? [root.lastComponent?.string ?? "run"] : [])]
        for _ in 0..<depth {
            found = try found.flatMap { folder in
                try names(in: folder.path, isRoot: folder.path == root).map {
                    RunFolder(path: folder.path.appending($0), folders: folder.folders + [$0.string])
                }
            }
        }
        return found
    }

    private static func names(in folder: FilePath, isRoot: Bool) throws -> [FilePath.Component] {
        do throws(Errno) {
            return try FileSystem.names(in: folder).filter { name in
                let path = folder.appending(name)
                guard !name.string.hasPrefix("."), name.string != "lost+found", path.isText,
                    case .folder = LocalEntry(path)
                else { return false }
                return true
            }
        } catch  where !isRoot && [.noSuchFileOrDirectory, .permissionDenied].contains(error) {
            return []
        } catch .noSuchFileOrDirectory {
            throw ClientError(.notFound, "'\(folder)' does not exist.", advice: "Check the path.")
        } catch {
            throw SelectionWalk.unreadable(folder, error)
        }
    }

    /// Returns whether a folder directly contains a name that matches a marker pattern, so that the folder is a run.
    ///
    /// Blocks the calling thread. Returns `false` if the folder cannot be read.
    static func isRun(_ folder: FilePath, markers: [PathPattern]) -> Bool {
        guard let names = try? FileSystem.names(in: folder) else { return false }
        return names.contains { name in markers.contains { $0.matches([name.string], isFolder: false) } }
    }
}

/// The files and empty folders of a run at one moment.
struct RunScan: Sendable {
    /// A file with the properties that must not change before it is sent, or an empty folder.
    struct File: Sendable {
        let item: UploadItem
        /// Length in bytes; 0 if the item is a folder or has a problem.
        let size: Int64
        /// Time of the last modification in nanoseconds since 1970; 0 if the item is a folder or has a problem.
        let modified: Int64
    }

    let files: [File]
    /// Whether each marker pattern matches a file.
    let hasMarkers: Bool
    /// Checksum of the paths, lengths and modification times.
    ///
    /// It changes when a file is added, removed or modified, or becomes readable or unreadable.
    let fingerprint: String

    /// The markers, as they are recorded for a run that was compared.
    var markers: [RunRecord.Marker] {
        files.filter(\.item.isLast).map {
            RunRecord.Marker(path: $0.item.source.string, size: $0.size, modified: $0.modified)
        }
    }

    /// The files and empty folders in batches of at most ``RunTracker/maximumFiles``, followed by a batch with the
    /// markers.
    var batches: [[UploadItem]] {
        var batches: [[UploadItem]] = []
        for file in files where !file.item.isLast {
            if batches.last.map({ $0.count == RunTracker.maximumFiles }) ?? true { batches.append([]) }
            batches[batches.count - 1].append(file.item)
        }
        return batches + [files.filter(\.item.isLast).map(\.item)]
    }

    init(files: [File], hasMarkers: Bool, fingerprint: String) {
        (self.files, self.hasMarkers, self.fingerprint) = (files, hasMarkers, fingerprint)
    }

    /// Number of files, without empty folders.
    var count: Int { files.count { !$0.item.isFolder } }
    /// Total length of the files in bytes.
    var bytes: Int64 { files.lazy.map(\.size).clampedSum }

    /// Scans the folder of a run.
    ///
    /// Blocks the calling thread. Omits files that disappear during the scan.
    ///
    /// - Throws: `.fileUnreadable` or `.notFound` if the run's folder itself cannot be read; `.requestInvalid` for a
    ///   pattern that cannot match any path.
    init(_ run: RunFolder, _ options: WatchOptions, markers: [PathPattern]) throws {
        var selection = FileSelection()
        // The trailing slash selects the folder's contents and makes the patterns relative to the folder.
        selection.paths = [run.path.string + "/"]
        selection.keepsTree = true
        selection.keepsEmptyFolders = true
        selection.include = options.selectedPatterns
        selection.exclude = options.exclude
        selection.last = options.markers
        selection.tags = options.tags
        selection.metadata = options.metadata
        let items = try selection.find().items
        if let problem = items.first(where: { $0.source == run.path || $0.name == "." })?.problem { throw problem }
        var missing = Set(markers)
        var checksum = CRC64NVME()
        var files: [File] = []
        files.reserveCapacity(items.count)
        for var item in items {
            if item.isLast {
                let names = item.folders + [item.name]
                missing = missing.filter { !$0.matches(names, isFolder: false) }
            }
            item.folders = run.folders + item.folders
            let status = item.problem == nil && !item.isFolder ? try? FileStatus(item.source) : nil
            // A file that vanished is no longer part of the run.
            if item.problem?.code == .notFound { continue }
            if item.problem == nil, status == nil, !item.isFolder { continue }
            let file = File(item: item, size: status?.size ?? 0, modified: status?.modified ?? 0)
            checksum.update("\(item.remotePath)\n\(file.size)\n\(file.modified)\n\(item.problem == nil)\n")
            files.append(file)
        }
        self.files = files
        hasMarkers = missing.isEmpty
        fingerprint = checksum.hex
    }
}

extension WatchOptions {
    /// ``include`` and the markers; empty if all files are selected.
    var selectedPatterns: [String] { include.isEmpty ? [] : include + markers }
}

extension CRC64NVME {
    fileprivate mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }
}
