// HubFiles are the files of data sets that come from a hub, by the name of the data set.
global using HubFiles = System.Collections.Generic.IReadOnlyDictionary<string, System.Collections.Generic.IReadOnlyList<string>>;
