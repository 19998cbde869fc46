import PontoonFoundation
public import SystemPackage

/// A CSV table of files and their metadata.
///
/// The first column, `File name` or `filename` in any case, contains paths, absolute or relative to the manifest's
/// folder. An optional `tags` column contains tags separated by `|`. The headings of all other columns are metadata
/// keys.
public struct Manifest: Sendable {
    /// A row of the table.
    public struct Row: Sendable, Hashable {
        /// The file's path as it appears in the table.
        public let file: String
        /// Metadata by key, without empty values.
        public let metadata: [String: String]
        /// Tags; empty if the table has none for the file.
        public let tags: [String]
    }

    /// Base folder of relative paths.
    public let folder: FilePath
    /// The rows in the order of the table, without the header and without empty rows.
    public let rows: [Row]

    /// Reads a manifest from a file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError``, with code `.fileUnreadable` if the file cannot be read, or `.requestInvalid` if it is
    ///   not valid UTF-8 or not a valid table.
    public init(_ path: FilePath) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path.string))
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read the manifest '\(path)': \(error.reason).",
                advice: "Check its path and permissions."
            )
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ClientError(
                .requestInvalid,
                "The manifest '\(path)' is not valid UTF-8.",
                advice: "Save it as UTF-8."
            )
        }
        try self.init(text: text, folder: path.removingLastComponent(), name: path.string)
    }

    /// Parses the text of a manifest.
    ///
    /// - Parameters:
    ///   - text: The CSV table.
    ///   - folder: Base folder of relative paths.
    ///   - name: The manifest's name, for error messages.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the table is not valid, for example because a column
    ///   has no heading or a file is listed twice.
    public init(text: String, folder: FilePath, name: String) throws {
        self.folder = folder
        // Some spreadsheet programs write a byte order mark.
        let table: [[String]]
        do {
            table = try CSVReader.rows(of: text.withoutByteOrderMark)
        } catch {
            throw ClientError(
                .requestInvalid,
                "The manifest '\(name)' is not valid CSV: \(error).",
                advice: "Check the quotes around values."
            )
        }
        let header = table.first ?? []
        guard let first = header.first, ["file name", "filename"].contains(first.lowercased()) else {
            throw ClientError(
                .requestInvalid,
                "The first column of the manifest '\(name)' is '\(header.first ?? "")', not 'File name'.",
                advice: "Name the first column 'File name' and put the paths of the files there."
            )
        }
        let keys = header.dropFirst()
        if let unnamed = keys.firstIndex(of: "") {
            throw ClientError(
                .requestInvalid,
                "Column \(unnamed + 1) of the manifest '\(name)' has no name.",
                advice: "Name the column, or remove it."
            )
        }
        var known: Set<String> = []
        if let duplicate = keys.first(where: { !known.insert($0).inserted }) {
            throw ClientError(
                .requestInvalid,
                "The manifest '\(name)' has two columns named '\(duplicate)'.",
                advice: "Rename or remove one of them."
            )
        }
        rows = try table.dropFirst().enumerated().compactMap { index, row in
            guard row.contains(where: { !$0.isEmpty }) else { return nil }
            guard let file = row.first, !file.isEmpty else {
                throw ClientError(
                    .requestInvalid,
                    "Row \(index + 2) of the manifest '\(name)' has no file name.",
                    advice: "Enter the path of a file in the first column, or remove the row."
                )
            }
            guard row.count <= header.count else {
                throw ClientError(
                    .requestInvalid,
                    "Row \(index + 2) of the manifest '\(name)' has \(row.count) values, but the header has only \(header.count) columns.",
                    advice: "Put quotes around values that contain commas."
                )
            }
            var metadata = Dictionary(uniqueKeysWithValues: zip(keys, row.dropFirst()).filter { !$1.isEmpty })
            let tags = metadata.removeValue(forKey: "tags")?.split(separator: "|").map {
                $0.trimmed
            }
            return Row(file: file, metadata: metadata, tags: tags?.filter { !$0.isEmpty } ?? [])
        }
        let twice = Dictionary(grouping: rows, by: \.file).filter { $1.count > 1 }.keys.sorted()
        guard twice.isEmpty else {
            throw ClientError(
                .requestInvalid,
                "The manifest '\(name)' lists '\(twice[0])' more than once.",
                advice: "Keep one row per file."
            )
        }
    }
}

extension FileSelection {
    /// Applies the manifest to the selected files, and adds the files that only the manifest lists.
    ///
    /// A row whose path is not a regular file becomes an item with an error in ``UploadItem/problem``.
    func addManifest(to items: inout [UploadItem]) {
        guard let manifest else { return }
        // A path that was named more than once still has several items. All but the first are removed later.
        var positions: [FileLocation: [Int]] = [:]
        for (index, item) in items.enumerated() where item.problem == nil {
            if let location = FileLocation(item.source) { positions[location, default: []].append(index) }
        }
        for row in manifest.rows {
            let path = FilePath(row.file).isAbsolute ? FilePath(row.file) : manifest.folder.appending(row.file)
            let location = FileLocation(path)
            if let indices = location.flatMap({ positions[$0] }) {
                for index in indices { (items[index].metadata, items[index].tags) = (row.metadata, row.tags) }
            } else {
                if let location { positions[location] = [items.count] }
                items.append(item(row, path))
            }
        }
    }

    private func item(_ row: Manifest.Row, _ path: FilePath) -> UploadItem {
        let place = FilePath(row.file).place
        var item = UploadItem(
            source: path,
            name: place.last ?? row.file,
            folders: keepsTree ? place.dropLast() : [],
            tags: row.tags,
            metadata: row.metadata
        )
        switch LocalEntry(path) {
        case .file: break
        case .unreadable(let error): item.problem = SelectionWalk.unreadable(path, error)
        case .folder, .special, .missing, .brokenLink:
            item.problem = ClientError(
                .notFound,
                "The manifest lists '\(row.file)', but there is no file '\(path)'.",
                advice: "Paths in a manifest are relative to the manifest's folder."
            )
        }
        return item
    }
}

/// The folder and the name of a file, regardless of the spelling of its path.
///
/// Hard links have different locations.
private struct FileLocation: Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let name: FilePath.Component

    /// Reads the status of the file's folder.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: `nil` if the folder's status cannot be read, or if the path does not end with a name.
    init?(_ path: FilePath) {
        let folder = path.removingLastComponent()
        guard let name = path.lastComponent, name.kind == .regular,
            let status = try? FileStatus(folder.isEmpty ? "." : folder)
        else { return nil }
        (device, inode, self.name) = (status.device, status.inode, name)
    }
}
