/// A guard for walks through the folders on a server, which limits their extent and detects cycles.
package struct FolderWalk {
    /// Maximum number of folders in a path.
    package static let maximumDepth = 100
    /// Maximum number of folders; where all items are kept in memory, also the maximum number of files and folders.
    package static let maximumItems = 1_000_000

    private var folders: Set<String> = []
    private var items = 0

    package init() {}

    /// Counts the items of a page that are kept in memory.
    ///
    /// - Throws: `.responseUnreadable` if more than ``maximumItems`` have been counted.
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

    /// Checks a folder whose contents are about to be listed.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - depth: Number of folders in its path, including itself.
    /// - Throws: `.responseUnreadable` if the folder was entered before, is deeper than ``maximumDepth``, or exceeds
    ///   ``maximumItems`` folders.
    package mutating func enter(_ folder: FileDetails, depth: Int) throws(ClientError) {
        guard folders.insert(folder.id).inserted else {
            throw SevenBridgesClient.endless("the folder tree", "contains '\(folder.name)' in two folders")
        }
        guard folders.count <= Self.maximumItems else {
            throw SevenBridgesClient.endless("the folder tree", "has more than \(Self.maximumItems) folders")
        }
        guard depth <= Self.maximumDepth else {
            throw SevenBridgesClient.endless("the folder tree", "is more than \(Self.maximumDepth) levels deep")
        }
    }
}
