/// The bounds of a walk through the folders on a server, which could be endless or contain themselves.
package struct FolderWalk {
    /// Maximum number of folders in a path.
    package static let maximumDepth = 100
    /// Maximum number of folders and, where they are kept in memory, of files.
    package static let maximumItems = 1_000_000

    private var folders: Set<String> = []
    private var items = 0

    package init() {}

    /// Counts the items of a page that are kept in memory.
    ///
    /// - Throws: `.responseUnreadable` if there are too many.
    package mutating func found(_ count: Int) throws(ClientError) {
        items += count
        guard items <= Self.maximumItems else {
            throw ClientError(
                .responseUnreadable,
                "There are more than \(Self.maximumItems) files and folders.",
                advice: "Specify the subfolders one by one."
            )
        }
    }

    /// Records that the contents of a folder are listed.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - depth: Number of folders in its path, including itself.
    /// - Throws: `.responseUnreadable` if the folder was listed before, is too deep, or is one too many.
    package mutating func enter(_ folder: FileDetails, depth: Int) throws(ClientError) {
        guard folders.insert(folder.id).inserted else {
            throw SevenBridgesClient.endless("a folder", "'\(folder.name)' is in two folders")
        }
        guard folders.count <= Self.maximumItems else {
            throw SevenBridgesClient.endless("the tree", "it has more than \(Self.maximumItems) folders")
        }
        guard depth <= Self.maximumDepth else {
            throw SevenBridgesClient.endless("a folder", "folders are nested more than \(Self.maximumDepth) deep")
        }
    }
}
