module series

go 1.21
