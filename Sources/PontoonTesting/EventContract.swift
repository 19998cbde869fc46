import Foundation
package import PontoonCore

/// Rules for ``EventStore`` about reading and deleting events, and about the position of hooks.
///
/// ``RecordedEventContract`` contains the rules about the changes that are recorded.
package enum EventContract: MetadataRule, CaseIterable {
    case pagesContinueWhereTheLastOneEnded
    case typesAndProjectsLimitTheEvents
    case onlyMembersReadEvents
    case aRemovedMemberLearnsOfTheRemoval
    case membersLearnOfTheEndOfAProject
    case aProjectWithTheSameIDHidesOlderEvents
    case theActorIsRecorded
    case oldEventsAreDeletedAndTheirCursorsExpire
    case aUserWithTheNameOfARemovedOneReadsNothingOfTheirs
    case cursorsOfAnotherLogExpire
    case theServerReadsAllEvents
    case thePositionOfHooksMovesFromTheExpectedOne

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .pagesContinueWhereTheLastOneEnded: try await Self.pages(store, fixture)
        case .typesAndProjectsLimitTheEvents: try await Self.filters(store, fixture)
        case .onlyMembersReadEvents: try await Self.members(store, fixture)
        case .aRemovedMemberLearnsOfTheRemoval: try await Self.removal(store, fixture)
        case .membersLearnOfTheEndOfAProject: try await Self.deletedProject(store, fixture)
        case .aProjectWithTheSameIDHidesOlderEvents: try await Self.sameID(store, fixture)
        case .theActorIsRecorded: try await Self.actor(store, fixture)
        case .oldEventsAreDeletedAndTheirCursorsExpire: try await Self.pruning(store, fixture)
        case .aUserWithTheNameOfARemovedOneReadsNothingOfTheirs: try await Self.sameUser(store, fixture)
        case .cursorsOfAnotherLogExpire: try await Self.otherLogs(store, fixture)
        case .theServerReadsAllEvents: try await Self.allProjects(store, fixture)
        case .thePositionOfHooksMovesFromTheExpectedOne: try await Self.hookCursor(store)
        }
    }

    private static func pages(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["a", "b", "c", "d"] { try await store.addFolder(fixture.folder(name)) }
        let all = try await store.allEvents(for: "ada")
        try expect(all.map(\.type), equals: ["project.created"] + Array(repeating: "folder.created", count: 4), "types")
        try expect(Set(all.map(\.id)).count, equals: all.count, "distinct ids")
        var (cursor, read) = (EventCursor?.none, [Event]())
        for number in 0..<3 {
            let page = try await store.events(EventFilter(userName: "ada"), after: cursor, limit: 2)
            try expect(page.hasMore, equals: number < 2, "whether page \(number) is not the last one")
            read += page.events
            cursor = page.next
        }
        try expect(read, equals: all, "the events of the pages")
        let last = try await store.lastEvent()
        try expect(cursor, equals: last, "the position after the last page")
        let none = try await store.events(EventFilter(userName: "ada"), after: cursor, limit: 2)
        try expect(none, equals: EventPage(events: [], next: last, hasMore: false), "the page after the last one")
        let again = try await store.events(EventFilter(userName: "ada"), after: all[1].cursor, limit: 10).events
        try expect(again, equals: Array(all[2...]), "the events after one of them")
    }

    private static func filters(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let other = MetadataFixture.project(ProjectID(owner: "ada", shortName: "other"))
        try expect(try await store.addProject(other), "a new project is added")
        try await fixture.addFile("a", to: store)
        func types(_ projects: Set<ProjectID>?, _ types: Set<EventType>? = nil) async throws -> [String] {
            let filter = EventFilter(userName: "ada", projects: projects, types: types)
            return try await store.allEvents(filter).map(\.type)
        }
        try expect(try await types([other.id]), equals: ["project.created"], "one project")
        try expect(try await types([]), equals: [], "no project")
        try expect(try await types(nil, [.fileCreated]), equals: ["file.created"], "one type")
        try expect(try await types(nil, []), equals: [], "no type")
        try expect(
            try await types([fixture.project.id, other.id], [.projectCreated, .uploadCompleted]),
            equals: ["project.created", "project.created", "upload.completed"],
            "both projects and two types"
        )
    }

    private static func members(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        _ = try await MetadataFixture(in: store, user: "bob", project: "runs")
        try expect(
            try await store.allEvents(for: "bob").map(\.project),
            equals: [ProjectID(owner: "bob", shortName: "runs")],
            "the projects of a stranger's events"
        )
        try await store.addBob(to: fixture.project.id)
        let types = try await store.allEvents(for: "bob").map(\.type)
        try expect(
            types,
            equals: ["project.created", "project.created", "member.added"],
            "the events of a member, including earlier ones"
        )
    }

    private static func removal(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try await store.addBob(to: fixture.project.id)
        try expect(try await store.removeMember("bob", from: fixture.project.id), "the member is removed")
        try await store.addFolder(fixture.folder("later"))
        let events = try await store.allEvents(for: "bob")
        try expect(events.map(\.type), equals: ["member.removed"], "the events of a former member")
        try expect(events.map(\.subject), equals: ["projects/ada/reads/members/bob"], "the subject")
        let types = try await store.allEvents(for: "ada").map(\.type)
        let expected = ["project.created", "member.added", "member.removed", "folder.created"]
        try expect(types, equals: expected, "the events of a member")
    }

    private static func deletedProject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        try await store.addBob(to: fixture.project.id)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        let bobs = try await store.allEvents(for: "bob").map(\.type)
        try expect(bobs, equals: ["member.removed"], "the events of a former member")
        let adas = try await store.allEvents(for: "ada").map(\.type)
        try expect(adas, equals: ["project.deleted"], "the events of the former owner")
    }

    private static func sameID(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addFolder(fixture.folder("secret"))
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        // Simulates a server whose clock was an hour ahead when the project was created.
        let later = Date().addingTimeInterval(3600)
        let project = Project(
            id: fixture.project.id,
            uuid: Identifiers.uuid(),
            name: "Other reads",
            billingGroup: Identifiers.uuid(),
            rootFolder: Identifiers.file(now: later),
            createdBy: "ada",
            createdOn: later
        )
        try expect(try await store.addProject(project), "a project with the same id is added")
        let types = try await store.allEvents(for: "ada").map(\.type)
        try expect(types, equals: ["project.deleted", "project.created"], "the events of both projects")
    }

    private static func actor(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("a")
        try await EventActor.$current.withValue("bob") { try await store.addFolder(folder) }
        try expect(try await store.deleteFile(folder.id), "the folder is deleted")
        try await fixture.addFile("b", to: store)
        let actors = try await store.allEvents(for: "ada").dropFirst().map(\.actor)
        try expect(Array(actors), equals: ["bob", nil, "ada", "ada"], "a caller, nobody, and the user of an upload")
    }

    private static func pruning(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["a", "b", "c"] { try await store.addFolder(fixture.folder(name)) }
        let events = try await store.allEvents(for: "ada")
        try expect(try await store.pruneEvents(before: MetadataFixture.time, limit: 9), equals: 0, "younger events")
        let later = Date().addingTimeInterval(60)
        try expect(try await store.pruneEvents(before: later, limit: 2), equals: 2, "the deleted events")
        try expect(try await store.allEvents(for: "ada"), equals: Array(events[2...]), "the younger events")
        let filter = EventFilter(userName: "ada")
        try await expectRefusal(.eventsExpired) { try await store.events(filter, after: events[0].cursor, limit: 9) }
        let rest = try await store.events(filter, after: events[1].cursor, limit: 9).events
        try expect(rest, equals: Array(events[2...]), "the events after the last deleted one")
        try expect(try await store.pruneEvents(before: later, limit: 9), equals: 2, "the other events")
        let last = try await store.lastEvent()
        try expect(last, equals: events[3].cursor, "the position after the last event, which is deleted")
        try await store.addFolder(fixture.folder("d"))
        let new = try await store.publishedEvents(filter, after: last)
        try expect(new.count == 1 && new[0].cursor.position > last.position, "a new event has a new position")
        try expect(new[0].id != events[3].id, "a new event has a new id")
    }

    private static func sameUser(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = User(name: "bob", createdOn: MetadataFixture.time)
        try await store.addUser(bob)
        try await store.addBob(to: fixture.project.id)
        try expect(try await store.removeMember("bob", from: fixture.project.id), "the member is removed")
        try await store.addBob(to: fixture.project.id)
        try expect(try await store.removeUser("bob", givingProjectsTo: nil), equals: .removed, "the user is removed")
        try await store.addUser(bob)
        try expect(try await store.allEvents(for: "bob"), equals: [], "the events of a new user of the same name")
        let types = try await store.allEvents(for: "ada").map(\.type)
        let removals = types.filter { $0 == EventType.memberRemoved.rawValue }.count
        try expect(removals, equals: 2, "the removals that the other member reads")
    }

    private static func otherLogs(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.publishEvents()
        let last = try await store.lastEvent()
        let filter = EventFilter(userName: "ada")
        for cursor in [
            EventCursor(log: "0123456789abcdef", position: last.position),
            EventCursor(log: last.log, position: last.position + 1),
            EventCursor(log: last.log, position: .max),
        ] {
            try await expectRefusal(.eventsExpired) { try await store.events(filter, after: cursor, limit: 1) }
        }
        try expect(EventCursor(last.text), equals: last, "a parsed cursor")
    }

    private static func allProjects(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        _ = try await MetadataFixture(in: store, user: "bob", project: "runs")
        try await fixture.addFile("a", to: store)
        let filter = EventFilter(userName: nil, types: [.projectCreated, .fileCreated])
        let types = try await store.allEvents(filter).map(\.type)
        try expect(types, equals: ["project.created", "project.created", "file.created"], "the events of all projects")
    }

    private static func hookCursor(_ store: some MetadataStore) async throws {
        let positions = (1...3).map { EventCursor(log: "0123456789abcdef", position: Int64($0)) }
        try expect(try await store.hookCursor() == nil, "no position is stored")
        let isMoved = try await store.moveHookCursor(from: positions[0], to: positions[1])
        try expect(!isMoved, "a missing position is not moved")
        try expect(try await store.moveHookCursor(from: nil, to: positions[0]), "the first position")
        try expect(try await !store.moveHookCursor(from: nil, to: positions[1]), "another first position")
        try expect(try await store.moveHookCursor(from: positions[0], to: positions[1]), "the next position")
        try expect(try await !store.moveHookCursor(from: positions[0], to: positions[2]), "an outdated position")
        try expect(try await store.hookCursor(), equals: positions[1], "the position")
    }
}

extension EventStore {
    /// Publishes all events, and returns those that a user may read.
    package func allEvents(for userName: String) async throws -> [Event] {
        try await allEvents(EventFilter(userName: userName))
    }

    package func allEvents(_ filter: EventFilter) async throws -> [Event] {
        try await publishedEvents(filter, after: nil)
    }

    /// Publishes all events, and returns those that match the filter and follow `cursor`; `nil` returns them from the
    /// oldest event.
    package func publishedEvents(_ filter: EventFilter, after cursor: EventCursor?) async throws -> [Event] {
        try await publishEvents()
        var (events, cursor) = ([Event](), cursor)
        while true {
            let page = try await self.events(filter, after: cursor, limit: 100)
            events += page.events
            cursor = page.next
            guard page.hasMore else { return events }
        }
    }
}

extension ProjectStore {
    fileprivate func addBob(to project: ProjectID) async throws {
        let bob = Member(userName: "bob", permissions: Permissions())
        try expect(try await addMember(bob, to: project), "a member is added")
    }
}
