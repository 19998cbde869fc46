import Foundation
package import PontoonCore

/// Rules for ``FileStore`` about copying and moving files.
package enum CopyMoveContract: MetadataRule, CaseIterable {
    case copySharesTheObject
    case copyOfUnknownFileIsNil
    case copyToATakenNameIsRejected
    case copyIsNumbered
    case numberedNameHasALimit
    case copyNeedsItsFolder
    case objectIsDiscardedWithItsLastFile
    case copiedObjectOutlivesItsProject
    case overwrittenCopyKeepsTheObject
    case lastConcurrentDeletionDiscardsTheObject
    case concurrentCopyAndDeletionAreOrdered
    case concurrentCopiesGetDifferentNumbers
    case moveKeepsTheFile
    case movedFolderKeepsItsContents
    case moveToATakenNameIsRejected
    case moveNeedsItsFolder
    case folderIsNotMovedIntoItself
    case concurrentMovesCreateNoCycle
    case rootIsNotMoved

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .copySharesTheObject: try await Self.copySharesTheObject(store, fixture)
        case .copyOfUnknownFileIsNil: try await Self.copyOfUnknownFileIsNil(store, fixture)
        case .copyToATakenNameIsRejected: try await Self.copyToATakenNameIsRejected(store, fixture)
        case .copyIsNumbered: try await Self.copyIsNumbered(store, fixture)
        case .numberedNameHasALimit: try await Self.numberedNameHasALimit(store, fixture)
        case .copyNeedsItsFolder: try await Self.copyNeedsItsFolder(store, fixture)
        case .objectIsDiscardedWithItsLastFile: try await Self.objectIsDiscardedWithItsLastFile(store, fixture)
        case .copiedObjectOutlivesItsProject: try await Self.copiedObjectOutlivesItsProject(store, fixture)
        case .overwrittenCopyKeepsTheObject: try await Self.overwrittenCopyKeepsTheObject(store, fixture)
        case .lastConcurrentDeletionDiscardsTheObject:
            try await Self.lastConcurrentDeletionDiscardsTheObject(store, fixture)
        case .concurrentCopyAndDeletionAreOrdered: try await Self.concurrentCopyAndDeletionAreOrdered(store, fixture)
        case .concurrentCopiesGetDifferentNumbers: try await Self.concurrentCopiesGetDifferentNumbers(store, fixture)
        case .moveKeepsTheFile: try await Self.moveKeepsTheFile(store, fixture)
        case .movedFolderKeepsItsContents: try await Self.movedFolderKeepsItsContents(store, fixture)
        case .moveToATakenNameIsRejected: try await Self.moveToATakenNameIsRejected(store, fixture)
        case .moveNeedsItsFolder: try await Self.moveNeedsItsFolder(store, fixture)
        case .folderIsNotMovedIntoItself: try await Self.folderIsNotMovedIntoItself(store, fixture)
        case .concurrentMovesCreateNoCycle: try await Self.concurrentMovesCreateNoCycle(store, fixture)
        case .rootIsNotMoved: try await Self.rootIsNotMoved(store, fixture)
        }
    }
}

extension MetadataFixture {
    /// Creates a request to copy a file within the fixture's project, by default to the root folder.
    ///
    /// If `name` is `nil`, the copy has the name of the file.
    func copy(
        named name: String? = nil,
        to parent: String? = nil,
        conflictPolicy: FileCopy.ConflictPolicy = .refuse,
        createdOn: Date = time
    ) -> FileCopy {
        FileCopy(
            id: Identifiers.file(now: createdOn),
            project: project.id,
            parent: parent ?? root,
            name: name,
            conflictPolicy: conflictPolicy,
            createdOn: createdOn
        )
    }
}
