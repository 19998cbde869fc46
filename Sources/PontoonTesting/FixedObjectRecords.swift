package import PontoonCore

/// Object records that never change.
///
/// `open` contains the object keys of unfinished uploads, and `objects` the keys of the recorded finished objects.
package struct FixedObjectRecords: ObjectRecords {
    private let open: Set<ObjectKey>
    private let objects: Set<ObjectKey>

    package init(open: Set<ObjectKey> = [], objects: Set<ObjectKey> = []) {
        self.open = open
        self.objects = objects
    }

    package func openUploadKeys() -> Set<ObjectKey> { open }

    package func recordedObjects(among keys: [ObjectKey]) -> Set<ObjectKey> { objects.intersection(keys) }
}
