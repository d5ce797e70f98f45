/** Stands in a service definition for a method that is not built: callers get `unimplemented`, after they were authorized. */
export const unimplemented = Symbol("unimplemented");
