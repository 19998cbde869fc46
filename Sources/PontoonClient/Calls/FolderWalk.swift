/// A guard that detects cycles and limits depth and size when folders on the server are traversed.
package struct FolderWalk {
    /// Maximum number of nested folders.
    package static let maximumDepth = 100
    /// Maximum number of folders in a traversal, and of files and folders counted with ``found(_:)``.
    package static let maximumItems = 1_000_000

    private var folders: Set<String> = []
    private var items = 0

    package init() {}

    /// Counts files and folders that the caller stores in memory.
    ///
    /// - Throws: `.responseUnreadable` if more than ``maximumItems`` files and folders have been counted.
    package mutating func found(_ count: Int) throws(ClientError) {
        items += count
        guard items <= Self.maximumItems else {
            throw ClientError(
                .responseUnreadable,
                "The folder tree has more than \(Self.maximumItems) files and folders.",
                advice: "Run the command for each subfolder separately."
            )
        }
    }

    /// Checks a folder before its contents are listed.
    ///
    /// The `depth` is the number of folders in the folder's path relative to the start of the traversal, including the
    /// folder itself.
    ///
    /// - Throws: `.responseUnreadable` if the folder has been entered before, if `depth` exceeds ``maximumDepth``, or
    ///   if more than ``maximumItems`` folders have been entered.
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
