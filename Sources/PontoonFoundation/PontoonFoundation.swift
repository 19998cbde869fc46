// The part of Foundation that needs no Unicode data, which alone would take 34 MB of a program with static libraries.
// On Apple's systems, there is no separate module for it.
#if canImport(FoundationEssentials)
@_exported public import FoundationEssentials
#else
@_exported public import Foundation
#endif
