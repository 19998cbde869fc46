/// Limits on jobs.
///
/// Source: docs/api.md#asynchronous-jobs.
package enum FileJobRules {
    /// Maximum number of items in a job.
    package static let maximumItems = 1000
    /// Maximum number of files and folders that a job processes.
    ///
    /// The count that precedes the processing also stops at about this number.
    ///
    /// Without this limit, a job might never finish: if two folders are copied into each other, each item doubles their
    /// contents, and no quota limits the number of folders.
    package static let maximumEntries = 1_000_000
    /// Maximum number of nested folders that a job enters, including the item.
    ///
    /// Each step reads all folders from the item to the current one. Only moves of folders can create trees with more
    /// than ``FolderRules/maximumLevel`` levels.
    package static let maximumDepth = 1000
    /// Maximum number of unfinished jobs of a user.
    package static let maximumUnfinishedJobs = 100
    /// Number of jobs that are kept for each user.
    ///
    /// When a user creates another job, the oldest jobs are deleted if they are finished.
    package static let keptJobs = 1000
    /// Time in seconds after which maintenance deletes a finished job: 30 days.
    package static let keptAfterEnd: Double = 30 * 24 * 3600

    /// Checks the number of a new job's items, and that no item is repeated.
    ///
    /// - Throws: `.jobInvalid` if there are no items or too many; `.jobSourceRepeated` if a job moves or deletes a file
    ///   twice, or copies it twice to the same folder under the same name.
    package static func check(_ items: [FileJobItem], _ kind: FileJob.Kind) throws(PontoonError) {
        guard (1...maximumItems).contains(items.count) else {
            throw PontoonError(.jobInvalid, "A job must have 1 to \(maximumItems) items; this one has \(items.count).")
        }
        var seen: Set<FileJobItem> = []
        for item in items {
            let key = kind == .copy ? item : FileJobItem(file: item.file)
            guard seen.insert(key).inserted else {
                throw PontoonError(.jobSourceRepeated, "The file '\(item.file)' occurs twice in the items.")
            }
        }
    }
}
