import Foundation
package import PontoonCore

/// What every ``FileStore`` promises about copies and moves; each rule needs an empty store.
package enum CopyMoveContract: String, CaseIterable, Sendable {
    case copySharesTheObject
    case copyOfNothingIsNil
    case copyToATakenNameIsRefused
    case copyIsNumbered
    case numberedNameHasALimit
    case copyNeedsItsFolder
    case objectGoesWithItsLastFile
    case objectOutlivesAProject
    case overwrittenCopyKeepsTheObject
    case lastOfManyDeletionsDiscards
    case copyOrDeletionComesFirst
    case manyNumberedCopiesDiffer
    case moveKeepsTheFile
    case movedFolderKeepsItsContents
    case moveToATakenNameIsRefused
    case moveNeedsItsFolder
    case folderIsNotMovedIntoItself
    case foldersAreNotMovedIntoEachOther
    case rootIsNotMoved

    /// Fails when the store breaks the rule.
    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .copySharesTheObject: try await Self.copySharesTheObject(store, fixture)
        case .copyOfNothingIsNil: try await Self.copyOfNothingIsNil(store, fixture)
        case .copyToATakenNameIsRefused: try await Self.copyToATakenNameIsRefused(store, fixture)
        case .copyIsNumbered: try await Self.copyIsNumbered(store, fixture)
        case .numberedNameHasALimit: try await Self.numberedNameHasALimit(store, fixture)
        case .copyNeedsItsFolder: try await Self.copyNeedsItsFolder(store, fixture)
        case .objectGoesWithItsLastFile: try await Self.objectGoesWithItsLastFile(store, fixture)
        case .objectOutlivesAProject: try await Self.objectOutlivesAProject(store, fixture)
        case .overwrittenCopyKeepsTheObject: try await Self.overwrittenCopyKeepsTheObject(store, fixture)
        case .lastOfManyDeletionsDiscards: try await Self.lastOfManyDeletionsDiscards(store, fixture)
        case .copyOrDeletionComesFirst: try await Self.copyOrDeletionComesFirst(store, fixture)
        case .manyNumberedCopiesDiffer: try await Self.manyNumberedCopiesDiffer(store, fixture)
        case .moveKeepsTheFile: try await Self.moveKeepsTheFile(store, fixture)
        case .movedFolderKeepsItsContents: try await Self.movedFolderKeepsItsContents(store, fixture)
        case .moveToATakenNameIsRefused: try await Self.moveToATakenNameIsRefused(store, fixture)
        case .moveNeedsItsFolder: try await Self.moveNeedsItsFolder(store, fixture)
        case .folderIsNotMovedIntoItself: try await Self.folderIsNotMovedIntoItself(store, fixture)
        case .foldersAreNotMovedIntoEachOther: try await Self.foldersAreNotMovedIntoEachOther(store, fixture)
        case .rootIsNotMoved: try await Self.rootIsNotMoved(store, fixture)
        }
    }
}

extension MetadataFixture {
    /// A copy into the project of this fixture.
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
