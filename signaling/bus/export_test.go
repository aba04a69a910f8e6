package bus

// Name is what others on the bus see of a subject.
func (s Subject) Name() string { return s.name }
