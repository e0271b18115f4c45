from ssot_shims import skip_unless_available


@skip_unless_available  # rejected
def test_containers() -> None: ...
