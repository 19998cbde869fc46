import Foundation
import Glibc
import SwiftCSV
public import SystemPackage

/// A table of files with metadata: the first column names the file, the others are metadata keys.
///
/// `File name` or `filename` heads the first column; paths are relative to the manifest. A column `tags` holds tags,
/// separated by `|`.
public struct Manifest: Sendable {
    /// A row.
    public struct Row: Sendable, Hashable {
        /// The file as it is written there.
        public let file: String
        /// Values that are not empty, by key.
        public let metadata: [String: String]
        /// From a column `tags`.
        public let tags: [String]
    }

    /// The folder that the paths are relative to.
    public let folder: FilePath
    /// The rows.
    public let rows: [Row]

    /// Reads a file; blocks.
    ///
    /// - Throws: `.requestInvalid`, naming the line, or `.fileUnreadable`.
    public init(_ path: FilePath) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path.string))
        } catch {
            throw ClientError(.fileUnreadable, "The manifest '\(path)' cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ClientError(.requestInvalid, "The manifest '\(path)' is no UTF-8 text.", advice: "Save it as UTF-8.")
        }
        try self.init(text: text, folder: path.removingLastComponent(), name: path.string)
    }

    /// Reads the text of a manifest.
    ///
    /// - Throws: `.requestInvalid`.
    public init(text: String, folder: FilePath, name: String) throws {
        self.folder = folder
        // A mark that spreadsheets put at the beginning.
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        let table: CSV<Enumerated>
        do {
            table = try CSV<Enumerated>(string: text, delimiter: .comma, loadColumns: false)
        } catch {
            throw ClientError(.requestInvalid, "The manifest '\(name)' is no CSV: \(error).")
        }
        guard let first = table.header.first, ["file name", "filename"].contains(first.lowercased()) else {
            throw ClientError(
                .requestInvalid,
                "The first column of the manifest '\(name)' is '\(table.header.first ?? "")'.",
                advice: "It must be 'File name'."
            )
        }
        let keys = table.header.dropFirst()
        guard Set(keys).count == keys.count, !keys.contains("") else {
            throw ClientError(.requestInvalid, "The manifest '\(name)' has two columns of one name, or one without.")
        }
        rows = try table.rows.enumerated().compactMap { index, row in
            guard row.contains(where: { !$0.isEmpty }) else { return nil }
            guard let file = row.first, !file.isEmpty else {
                throw ClientError(.requestInvalid, "Row \(index + 2) of the manifest '\(name)' names no file.")
            }
            guard row.count <= table.header.count else {
                throw ClientError(
                    .requestInvalid,
                    "Row \(index + 2) of '\(name)' has \(row.count) values, the header \(table.header.count).",
                    advice: "Put values with commas in quotes."
                )
            }
            var metadata = Dictionary(uniqueKeysWithValues: zip(keys, row.dropFirst()).filter { !$1.isEmpty })
            let tags = metadata.removeValue(forKey: "tags")?.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return Row(file: file, metadata: metadata, tags: tags ?? [])
        }
        let twice = Dictionary(grouping: rows, by: \.file).filter { $1.count > 1 }.keys.sorted()
        guard twice.isEmpty else {
            throw ClientError(.requestInvalid, "The manifest '\(name)' names '\(twice[0])' twice.")
        }
    }
}

extension FileSelection {
    /// Adds what the manifest says: to files that are selected already, and files that only it names.
    func addManifest(to result: inout Result) throws {
        guard let manifest else { return }
        var positions: [FileFacts: Int] = [:]
        for (index, item) in result.items.enumerated() {
            if let facts = Self.facts(item.source) { positions[facts] = index }
        }
        for row in manifest.rows {
            let path = FilePath(row.file).isAbsolute ? FilePath(row.file) : manifest.folder.appending(row.file)
            guard try Self.kind(path) == .file, let facts = Self.facts(path) else {
                throw ClientError(
                    .notFound,
                    "The manifest names '\(row.file)', and there is no file '\(path)'.",
                    advice: "Paths in a manifest are relative to it."
                )
            }
            if let index = positions[facts] {
                result.items[index].metadata = row.metadata
                result.items[index].tags = row.tags
            } else {
                positions[facts] = result.items.count
                let folders = keepsTree && !FilePath(row.file).isAbsolute ? Self.folders(row.file) : []
                result.items.append(
                    UploadItem(
                        source: path,
                        name: try Self.name(path),
                        folders: folders,
                        tags: row.tags,
                        metadata: row.metadata
                    )
                )
            }
        }
    }

    private static func facts(_ path: FilePath) -> FileFacts? {
        var status = stat()
        return path.withPlatformString { stat($0, &status) } == 0 ? FileFacts(status) : nil
    }

    private static func folders(_ path: String) -> [String] {
        FilePath(path).lexicallyNormalized().removingLastComponent().components
            .filter { $0.kind == .regular }.map(\.string)
    }
}
