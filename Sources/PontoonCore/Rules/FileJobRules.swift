/// Limits of jobs.
///
/// Source: docs/api.md#asynchronous-jobs.
package enum FileJobRules {
    /// Maximum number of items of a job.
    package static let maximumItems = 1000
    /// Maximum number of files and folders that a job processes; about as many are counted before.
    ///
    /// Without it, a job could be endless: if two folders are copied into each other, each item doubles their contents,
    /// and folders count towards no quota.
    package static let maximumEntries = 1_000_000
    /// Maximum number of nested folders that a job enters, from an item down.
    ///
    /// Each step reads all of them. Only moves of folders create trees of more than ``FolderRules/maximumLevel``
    /// levels.
    package static let maximumDepth = 1000
    /// Maximum number of unfinished jobs of a user.
    package static let maximumUnfinishedJobs = 100
    /// Number of jobs of a user that are kept; older ones are removed once they are finished.
    package static let keptJobs = 1000
    /// Time in seconds for which finished jobs are kept: 30 days.
    package static let keptAfterEnd: Double = 30 * 24 * 3600

    /// Checks the items of a new job against each other.
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
