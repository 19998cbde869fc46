import PontoonFoundation

extension FileJobStep {
    /// Enters a folder, which becomes the current folder.
    mutating func enter(_ folder: String) {
        entered = folder
        progress.depth += 1
    }

    /// Leaves the current folder, and continues with the next item if the folder is an item.
    mutating func leave() {
        leaves = true
        progress.depth -= 1
        if progress.depth == 0 { progress.item += 1 }
    }

    /// Ends the counting and continues with the first item.
    mutating func startItems() {
        (progress.state, progress.item, progress.depth, progress.entries) = (.running, 0, 0, 0)
    }

    /// Records a failure, which counts as one file.
    mutating func fail(_ error: PontoonError) {
        failure = FileJobFailure(error)
        progress.failedFiles += 1
    }

    /// Sets the action for a file or folder, and enters the entry if it is a folder.
    ///
    /// `destination` is `nil` if the job deletes. `name` is the new name; with `nil`, the entry keeps the name that it
    /// has when the step is performed.
    mutating func process(
        _ entry: FolderEntry,
        of job: FileJob,
        to destination: (folder: String, project: ProjectID)?,
        as name: String?,
        now: Date
    ) {
        if entry.kind == .folder { enter(entry.id) } else { progress.completedFiles += 1 }
        guard let destination else {
            action = entry.kind == .folder ? nil : .delete(entry.id)
            return
        }
        switch (entry.kind, job.kind) {
        case (.folder, _):
            keepsName = name == nil
            action = .makeFolder(
                File(
                    id: Identifiers.file(now: now),
                    name: name ?? entry.name,
                    kind: .folder,
                    project: destination.project,
                    parent: destination.folder,
                    content: nil,
                    createdOn: now
                )
            )
        case (.file, .move):
            let (folder, project) = destination
            action = .move(entry.id, FileMove(project: project, parent: folder, name: name, movedOn: now))
        case (.file, _):
            let copy = FileCopy(
                id: Identifiers.file(now: now),
                project: destination.project,
                parent: destination.folder,
                name: name,
                conflictPolicy: .number,
                createdOn: now
            )
            action = .copy(entry.id, copy)
        }
    }
}
